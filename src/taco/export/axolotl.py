"""`--to axolotl`: rows in its template-free form, and a configuration.

In that form (`type: input_output`) a row is segments of text, each to be learnt or not, encoded without further tokens. So
the ids are those of taco's own training, whatever axolotl thinks of the chat template. The exception is a completion that
spells a special token: taco encodes it as plain characters, axolotl as the token.
"""

from __future__ import annotations

import json
from typing import Any

from taco.export.job import Job
from taco.export.training import check_carried_over, list_rows, name_base, render_yaml
from taco.store.files import write_atomically
from taco.train.options import SCHEDULES, TrainOptions

_NOTE = """To train with axolotl, in this folder: axolotl train axolotl.yaml
Rows and settings are those of the run {name}. What the precision, the optimiser's kernel and the order of the rows decide
comes out otherwise than with taco."""


def write(job: Job) -> None:
    """Write train.jsonl and axolotl.yaml."""
    check_carried_over(job)
    rows = (
        {
            "segments": [
                {"label": False, "text": row.prompt},
                {"label": True, "text": row.example.completion + row.end},
            ]
        }
        for row in list_rows(job)
    )
    write_atomically(job.out / "train.jsonl", (json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows))
    text = render_yaml(list_settings(job), note=_NOTE.format(name=job.name))
    write_atomically(job.out / "axolotl.yaml", [text.encode()])


def list_settings(job: Job) -> dict[str, Any]:
    """Return axolotl's settings for what the recipe says."""
    train = job.run.recipe.train
    return {
        "base_model": name_base(job.base),
        **_list_adapter(train),
        "datasets": [{"path": "train.jsonl", "ds_type": "json", "type": "input_output"}],
        "dataset_prepared_path": "prepared",
        "val_set_size": 0,
        "train_on_inputs": False,
        "sequence_len": train.max_row_tokens,
        "sample_packing": False,
        "pad_to_sequence_len": False,
        "micro_batch_size": 1,
        "gradient_accumulation_steps": train.effective_batch,
        "num_epochs": train.epochs,
        "optimizer": "adamw_torch",
        "learning_rate": train.learning_rate,
        "lr_scheduler": SCHEDULES[train.schedule],
        "warmup_ratio": train.warmup_ratio,
        "weight_decay": train.weight_decay,
        "max_grad_norm": train.max_grad_norm,
        "bf16": "auto",
        "seed": job.run.recipe.train_seed,
        "output_dir": "output",
    }


def _list_adapter(train: TrainOptions) -> dict[str, Any]:
    if train.method == "full":
        return {}
    return {
        "adapter": train.method,
        "load_in_4bit": train.method == "qlora",
        "lora_r": train.rank,
        "lora_alpha": train.alpha,
        "lora_dropout": train.dropout,
        "lora_target_modules": list(train.targets),
        "peft_use_rslora": train.rslora,
        "peft_use_dora": train.dora,
    }
