"""`--to merged`: one model folder in safetensors."""

from __future__ import annotations

import shutil
from typing import get_args

from taco.export.job import Job
from taco.generate.merged import MergedWeights, write_merged
from taco.store.files import disk_faults


def write(job: Job) -> None:
    """Write base and adapter as one model folder of transformers."""
    weights = next(one for one in get_args(MergedWeights) if one == job.weights)
    job.progress.say("Merging the adapter into the base model.")
    write_merged(job.base, job.run.adapter, job.out, weights=weights)
    for name in ("LICENSE", "LICENSE.txt", "NOTICE"):
        if (job.base.path / name).is_file():
            with disk_faults(job.out / name):
                shutil.copyfile(job.base.path / name, job.out / name)
