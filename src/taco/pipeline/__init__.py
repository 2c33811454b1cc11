"""Which stages of a run are stale, and running them in the order in which data moves.

A stage is up to date when the manifest says that it was finished with the same key and its files are as it left them.
The key is a digest of the stage's options, of the files of the stages before it and of the stage's version here. A stage
that was killed is started again with what it had written; a stage whose key changed starts from an empty folder.
"""

from taco.pipeline.run import list_outdated, plan_recipe, run_recipe
from taco.pipeline.stage import Context, Finding, Stage
from taco.pipeline.stages import STAGES

__all__ = ["STAGES", "Context", "Finding", "Stage", "list_outdated", "plan_recipe", "run_recipe"]
