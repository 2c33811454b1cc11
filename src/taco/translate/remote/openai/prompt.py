"""What the model is told. The instructions are a text file of the package; a new wording is a new file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import cache
from importlib import resources
from string import Template
from typing import Any

from taco.languages.table import Language

PROMPT_VERSION = 1

ANSWER_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "translations": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"id": {"type": "integer"}, "text": {"type": "string"}},
                "required": ["id", "text"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["translations"],
    "additionalProperties": False,
}
"""JSON schema of an answer, in the subset that strict structured output takes."""


@cache
def read_instructions() -> str:
    """Return the text of the prompt file."""
    file = resources.files("taco.translate.remote.openai").joinpath(f"prompt-{PROMPT_VERSION}.txt")
    return file.read_text(encoding="utf-8")


def describe_prompt() -> str:
    """Name the prompt in a signature: its version and the start of its digest."""
    return f"prompt {PROMPT_VERSION} sha256:{hashlib.sha256(read_instructions().encode()).hexdigest()[:12]}"


def make_messages(texts: Sequence[str], *, source: Language, target: Language) -> list[dict[str, str]]:
    """Return the messages that ask for translations.

    The texts stand in JSON: whatever is in them, it cannot end the string that it is in.

    Args:
        texts: The texts, numbered from 1.
        source: The language of the texts.
        target: The language to translate into.
    """
    instructions = Template(read_instructions()).substitute(
        source_name=source.name,
        source_code=source.code,
        target_name=target.name,
        target_code=target.code,
        target_autonym=target.autonym,
        target_script=target.script,
    )
    content = {"texts": [{"id": number, "text": text} for number, text in enumerate(texts, start=1)]}
    return [
        {"role": "system", "content": instructions},
        {"role": "user", "content": json.dumps(content, ensure_ascii=False)},
    ]
