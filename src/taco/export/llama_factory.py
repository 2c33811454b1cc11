"""`--to llama-factory`: rows as messages, the file that names them, and a configuration.

LLaMA-Factory has templates of its own under names of its own. None is named here: from version 0.9.2 on it then takes the
tokenizer's chat template apart, which is the one that taco prompts with.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

from taco.export.job import Job
from taco.export.training import TrainingRow, check_carried_over, list_rows, name_base, render_yaml
from taco.store.files import write_atomically
from taco.train.options import SCHEDULES, TrainOptions

_NOTE = """To train with LLaMA-Factory (0.9.2 or later), in this folder: llamafactory-cli train llama_factory.yaml
Rows and settings are those of the run {name}. No template is named, so that the tokenizer's own is used: see in the first
lines of the log that the prompt is the one in README.md."""

_TABLE = {
    "taco_train": {
        "file_name": "train.json",
        "formatting": "sharegpt",
        "columns": {"messages": "messages"},
        "tags": {
            "role_tag": "role",
            "content_tag": "content",
            "user_tag": "user",
            "assistant_tag": "assistant",
            "system_tag": "system",
        },
    }
}


def write(job: Job) -> None:
    """Write train.json, dataset_info.json and llama_factory.yaml."""
    check_carried_over(job)
    rows = 0

    def write_list() -> Iterator[bytes]:
        nonlocal rows
        for row in list_rows(job):
            text = json.dumps({"messages": list_messages(row)}, ensure_ascii=False)
            yield (b",\n" if rows else b"[\n") + text.encode()
            rows += 1
        yield b"\n]\n" if rows else b"[]\n"

    write_atomically(job.out / "train.json", write_list())
    write_atomically(job.out / "dataset_info.json", [json.dumps(_TABLE, indent=1).encode(), b"\n"])
    text = render_yaml(list_settings(job, rows=rows), note=_NOTE.format(name=job.name))
    write_atomically(job.out / "llama_factory.yaml", [text.encode()])


def list_messages(row: TrainingRow) -> list[dict[str, str]]:
    """Return a row as messages; without a system message it has two."""
    example = row.example
    system = [{"role": "system", "content": example.system}] if example.system else []
    return [
        *system,
        {"role": "user", "content": example.prompt},
        {"role": "assistant", "content": example.completion},
    ]


def list_settings(job: Job, *, rows: int) -> dict[str, Any]:
    """Return LLaMA-Factory's settings for what the recipe says.

    The warm-up is given in steps: of `warmup_ratio` its versions of transformers know different things, or nothing.

    Args:
        job: The export.
        rows: Number of rows that are learnt.
    """
    train = job.run.recipe.train
    return {
        "model_name_or_path": name_base(job.base),
        "stage": "sft",
        "do_train": True,
        **_list_adapter(train),
        "dataset_dir": ".",
        "dataset": "taco_train",
        "cutoff_len": train.max_row_tokens,
        "train_on_prompt": False,
        "per_device_train_batch_size": 1,
        "gradient_accumulation_steps": train.effective_batch,
        "num_train_epochs": train.epochs,
        "learning_rate": train.learning_rate,
        "lr_scheduler_type": SCHEDULES[train.schedule],
        "warmup_steps": round(train.warmup_ratio * _count_steps(train, rows)),
        "weight_decay": train.weight_decay,
        "max_grad_norm": train.max_grad_norm,
        "bf16": True,
        "seed": job.run.recipe.train_seed,
        "output_dir": "output",
    }


def _list_adapter(train: TrainOptions) -> dict[str, Any]:
    if train.method == "full":
        return {"finetuning_type": "full"}
    return {
        "finetuning_type": "lora",
        **({"quantization_bit": 4} if train.method == "qlora" else {}),
        "lora_rank": train.rank,
        "lora_alpha": round(train.alpha),
        "lora_dropout": train.dropout,
        "lora_target": ",".join(train.targets),
        "use_rslora": train.rslora,
        "use_dora": train.dora,
    }


def _count_steps(train: TrainOptions, rows: int) -> int:
    """Return the optimiser steps of a training, as transformers counts them."""
    return math.ceil(math.ceil(rows / train.effective_batch) * train.epochs)
