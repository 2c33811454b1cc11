"""What the exports for other trainers have in common: the rows that fit, the settings, the name of the base model."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from taco.errors import PublishError
from taco.export.job import Job
from taco.model.base import Base
from taco.model.chat_form import complete_chat_template, render_prompt
from taco.model.load import load_tokenizer
from taco.model.options import EMBEDDED_BASE
from taco.model.prompt import encode_completion, encode_prompt, end_token_id
from taco.records import Example

UPSTREAM = "HuggingFaceTB/SmolLM2-135M-Instruct"
"""The model on the Hugging Face hub that the embedded base was quantised from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingRow:
    """One row to learn, as text.

    Attributes:
        example: As it left the chain stage.
        prompt: All that comes before the answer, special tokens spelled out.
        end: The token that ends the answer, spelled out.
    """

    example: Example
    prompt: str
    end: str


def list_rows(job: Job) -> Iterator[TrainingRow]:
    """Yield the training rows that have at most `train.max_row_tokens` tokens, and say how many have more.

    Other trainers cut a row that is too long, and lose the end of the target section; so it is left out.
    """
    tokenizer = load_tokenizer(job.base)
    complete_chat_template(tokenizer)
    end = end_token_id(tokenizer)
    limit, left_out = job.run.recipe.train.max_row_tokens, 0
    with job.progress.task("Writing rows", total=None, unit="rows") as task:
        for example in job.run.read_examples("train"):
            task.advance()
            if _count_tokens(tokenizer, example, end) > limit:
                left_out += 1
                continue
            prompt = render_prompt(tokenizer, system=example.system, prompt=example.prompt)
            yield TrainingRow(example=example, prompt=prompt, end=str(tokenizer.convert_ids_to_tokens(end)))
    if left_out:
        job.progress.say(f"{left_out} rows have more than {limit} tokens and are left out.")


def check_carried_over(job: Job) -> None:
    """Check that another trainer can be told of the recipe's training, and say what it cannot.

    Raises:
        PublishError: The training has stages, which these files have no place for.
    """
    train = job.run.recipe.train
    if train.stages:
        raise PublishError(
            "The recipe's training has stages ([[train.stages]]), which other trainers do not know.",
            hint="Export a run without them; train its result on with further data yourself.",
        )
    untold = {
        "train.embeddings": train.embeddings != "frozen",
        "train.max_tokens": train.max_tokens is not None,
        "train.patience": train.patience is not None,
        "train.over_long": train.over_long != "drop",
    }
    for name in (name for name, is_set in untold.items() if is_set):
        job.progress.say(f"The recipe sets {name}; the configuration does not say so.")


def name_base(base: Base) -> str:
    """Return what another trainer calls the base model: an id of the hub, or the name of a folder.

    The folder's place on this machine is nobody's business.
    """
    if base.name == EMBEDDED_BASE:
        return UPSTREAM
    is_folder = base.path.resolve() == Path(base.name).expanduser().resolve()
    return f"./{base.path.resolve().name}" if is_folder else base.name


def render_yaml(settings: Mapping[str, Any], *, note: str) -> str:
    """Return settings as YAML, each value in the form of JSON, which YAML takes in.

    >>> print(render_yaml({"lora_r": 8, "path": "a b"}, note="Made by taco."), end="")
    # Made by taco.
    lora_r: 8
    path: "a b"
    """
    lines = [f"# {line}".rstrip() for line in note.splitlines()]
    lines += [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in settings.items()]
    return "\n".join(lines) + "\n"


def _count_tokens(tokenizer: Any, example: Example, end: int) -> int:
    prompt = encode_prompt(tokenizer, system=example.system, prompt=example.prompt)
    return len(prompt) + len(encode_completion(tokenizer, example.completion, end=end))
