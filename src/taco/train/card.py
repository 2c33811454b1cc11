"""The README.md of what training made: its base, its rows, its settings."""

from __future__ import annotations

import json
from collections.abc import Mapping

from taco.model.base import Base
from taco.train.options import TrainOptions


def render_card(base: Base, *, options: TrainOptions, facts: Mapping[str, object]) -> str:
    """Render the card.

    Args:
        base: The base model.
        options: How it was tuned.
        facts: Further lines of the table, such as the digest of the rows.
    """
    is_adapter = options.method != "full"
    lines = ["---", f"base_model: {json.dumps(base.name, ensure_ascii=False)}"]
    lines += ["library_name: peft" if is_adapter else "library_name: transformers"]
    lines += ["tags:", *(["- lora"] if is_adapter else []), "- taco", "---", ""]
    lines += ["# LoRA adapter tuned with TaCo" if is_adapter else "# Model tuned with TaCo", ""]
    lines += [
        "Answers as a chain: the instruction in English, a response in English, and the response in the language."
    ]
    lines += ["", "| | |", "|---|---|", f"| base model | {base.name} |", f"| SHA-256 of the base | {base.digest} |"]
    lines += [f"| licence of the base | {base.licence or 'not stated'} |"]
    lines += [f"| {name} | {value} |" for name, value in facts.items()]
    lines += ["", "Settings:", "", "```json", options.model_dump_json(indent=1), "```", ""]
    return "\n".join(lines)
