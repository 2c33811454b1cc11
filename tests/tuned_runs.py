"""Run folders that are finished up to a made-up adapter."""

from __future__ import annotations

import json
from pathlib import Path

from taco.pipeline import STAGES, Context, run_recipe
from taco.pipeline.run import make_key
from taco.progress import SilentProgress
from taco.recipe.schema import Recipe
from taco.store.manifest import StageEntry


def save_adapter(base: Path, folder: Path) -> None:
    """Save a LoRA adapter of random weights, large enough to change the answers."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    from taco.model.libraries import quiet_libraries
    from taco.train.adapter import write_adapter

    config = LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM")
    with quiet_libraries(), torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(1)
        model = get_peft_model(AutoModelForCausalLM.from_pretrained(base), config)
        for name, weight in model.named_parameters():
            if "lora_" in name:
                weight.normal_(0, 0.3)
        write_adapter(model, folder)


def build_tuned_run(folder: Path, base: Path, **train: object) -> Path:
    """Make a run folder with rows of the echo engine and a made-up adapter, and return it."""
    rows = [{"instruction": f"Say {n}.", "input": "", "output": f"It is {n}. " * (1 + n % 3)} for n in range(12)]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "rows.json").write_text(json.dumps(rows))
    recipe = Recipe.model_validate(
        {
            "name": "made-{language}",
            "language": "gl",
            "source": {"path": str(folder / "rows.json"), "heldout": 4},
            "translate": {"engine": "echo"},
            "gate": {"drop": "none"},
            "model": {"base": str(base), "threads": 1},
            "train": {"rank": 4, "alpha": 8, "targets": ["q_proj", "v_proj"], **train},
            "generate": {"max_new_tokens": 24},
            "dataset": {"source_licence": "CC-BY-4.0"},
        }
    )
    run = run_recipe(recipe, runs=folder, cache=folder / "cache", progress=SilentProgress(), until="chain")
    save_adapter(base, run.root / "train" / "adapter")
    manifest = run.read_manifest()
    context = Context(recipe, run, folder / "cache", SilentProgress())
    manifest.stages["train"] = StageEntry(
        key=make_key(next(stage for stage in STAGES if stage.name == "train"), context, manifest),
        status="done",
        rows_in=8,
        rows_kept=8,
        counters={"steps": 7, "final_loss": 1.25},
        outputs=run.digest_outputs("train"),
    )
    run.write_manifest(manifest)
    return run.root
