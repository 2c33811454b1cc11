"""What a judge is told. Instructions are files of the package; a new wording is a new file with a new number.

Texts stand between marks that carry a code. The code is the start of a digest of the texts, lengthened by another round
where one of them holds it: so no text can end its own block, and equal texts make equal prompts.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from string import Template
from typing import Any, Literal, get_args

from taco.evaluate.judge.submission import Submission
from taco.languages.table import find_language

Kind = Literal["single", "reference", "rubric", "pair"]
"""How answers are judged: one alone, one against a reference, one on several axes, two against each other."""

Form = Literal["json", "plain"]
"""What the judge is asked to write: a JSON object, or sentences and a last line."""

KINDS: tuple[Kind, ...] = get_args(Kind)
VERSIONS: Mapping[str, int] = {
    "single": 1,
    "reference": 1,
    "rubric": 1,
    "pair": 1,
    "single-turns": 1,
    "reference-turns": 1,
    "rubric-turns": 1,
    "pair-turns": 1,
}
"""Prompt -> version of its wording. A kind's own prompt is for first turns, the one with "-turns" for later ones, whose
whole conversation the judge sees."""

AXES = ("language", "fluency", "adequacy", "correctness")
WINNERS = ("A", "B", "tie")
LABELS = {
    "question": "QUESTION",
    "reference": "REFERENCE",
    "answer": "ANSWER",
    "back_translation": "BACK-TRANSLATION OF THE ANSWER",
    "answer_a": "ANSWER A",
    "answer_b": "ANSWER B",
}
"""Name of a text -> its label, in the order in which texts stand in a prompt, behind those of earlier turns."""

EARLIER_LABELS = {
    "question": "QUESTION OF TURN {turn}",
    "reference": "REFERENCE OF TURN {turn}",
    "answer": "ANSWER OF TURN {turn}",
    "answer_a": "ANSWER A OF TURN {turn}",
    "answer_b": "ANSWER B OF TURN {turn}",
}
"""The same for the texts of an earlier turn, which are called `question_1` and so on."""

_MARK_LENGTH = 8
_PART = re.compile(r"^\[(instructions|json|plain)\]\n", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Scale:
    """The ends of a rating, both allowed."""

    lowest: float = 1.0
    highest: float = 10.0


@dataclass(frozen=True, slots=True)
class JudgePrompt:
    """One question to a judge.

    Attributes:
        kind: How answers are judged.
        name: The prompt's name and version, with the start of its digest.
        messages: Role and content of each message.
        texts: Name of a text -> the text, as it stands in the prompt.
        scale: The ends of a rating.
        mark: The code that the texts' marks carry; "" where the prompt has none.
        schema: JSON schema of the answer, None where free text is asked for.
    """

    kind: Kind
    name: str
    messages: tuple[tuple[str, str], ...]
    texts: Mapping[str, str]
    scale: Scale
    mark: str = ""
    schema: Mapping[str, Any] | None = field(default=None, hash=False)

    def make_key(self, signature: str) -> str:
        """Return what this question to this judge is remembered by: 64 hex digits."""
        decided_by = json.dumps([signature, self.messages, self.schema], sort_keys=True)
        return hashlib.sha256(decided_by.encode()).hexdigest()


def make_single_prompt(submission: Submission, *, kind: Kind, form: Form, scale: Scale) -> JudgePrompt:
    """Return the prompt that asks for one answer's rating.

    Args:
        submission: The answer; its reference is shown by every kind but "single", its back-translation by "rubric".
        kind: "single", "reference" or "rubric".
        form: What the judge is asked to write.
        scale: The ends of the rating.
    """
    texts = {"question": submission.question, "answer": submission.answer}
    if kind != "single" and submission.reference:
        texts["reference"] = submission.reference
    if kind == "rubric" and submission.back_translation:
        texts["back_translation"] = submission.back_translation
    earlier = [
        {"question": turn.question, "answer": turn.answer, "reference": "" if kind == "single" else turn.reference}
        for turn in submission.earlier
    ]
    return _make_prompt(texts, earlier, kind=kind, form=form, scale=scale, language=submission.language)


def make_pair_prompt(first: Submission, second: Submission, *, form: Form, scale: Scale) -> JudgePrompt:
    """Return the prompt that asks which of two answers to one question is better; the first one is A."""
    texts = {"question": first.question, "answer_a": first.answer, "answer_b": second.answer}
    if first.reference:
        texts["reference"] = first.reference
    earlier = [
        {
            "question": there.question,
            "answer_a": there.answer,
            "answer_b": here.answer,
            "reference": there.reference if first.reference else "",
        }
        for there, here in zip(first.earlier, second.earlier, strict=True)
    ]
    return _make_prompt(texts, earlier, kind="pair", form=form, scale=scale, language=first.language)


def choose_mark(texts: Mapping[str, str]) -> str:
    """Return a code that occurs in none of the texts, the same for the same texts.

    >>> choose_mark({"answer": "a"}) == choose_mark({"answer": "a"}) != choose_mark({"answer": "b"})
    True
    """
    digest = hashlib.sha256(json.dumps(texts, sort_keys=True).encode()).hexdigest()
    joined = "\n".join(texts.values()).casefold()
    while digest[:_MARK_LENGTH] in joined:
        digest = hashlib.sha256(digest.encode()).hexdigest()
    return digest[:_MARK_LENGTH]


def make_schema(kind: Kind) -> dict[str, Any]:
    """Return the JSON schema of a verdict, in the subset that strict structured output takes: it knows no ranges."""
    if kind == "rubric":
        fields: dict[str, Any] = {axis: {"type": "number"} for axis in AXES}
    elif kind == "pair":
        fields = {"winner": {"type": "string", "enum": list(WINNERS)}}
    else:
        fields = {"rating": {"type": "number"}}
    return {
        "type": "object",
        "properties": {"explanation": {"type": "string"}, **fields},
        "required": ["explanation", *fields],
        "additionalProperties": False,
    }


def describe_prompt(name: str) -> str:
    """Name a prompt of `VERSIONS`: itself, version and the start of its file's digest."""
    digest = hashlib.sha256(_read_file(name).encode()).hexdigest()
    return f"{name}-{VERSIONS[name]} sha256:{digest[:12]}"


def _make_prompt(
    last: Mapping[str, str],
    earlier: Sequence[Mapping[str, str]],
    *,
    kind: Kind,
    form: Form,
    scale: Scale,
    language: str,
) -> JudgePrompt:
    name = f"{kind}-turns" if earlier else kind
    texts: dict[str, str] = {}
    labels: dict[str, str] = {}
    for turn, said in enumerate(earlier, start=1):
        for part, label in EARLIER_LABELS.items():
            if said.get(part):
                texts[f"{part}_{turn}"], labels[f"{part}_{turn}"] = said[part], label.format(turn=turn)
    texts |= {part: last[part] for part in LABELS if part in last}
    labels |= LABELS
    mark = choose_mark(texts)
    blocks = [f"=== {labels[part]} {mark} ===\n{text}\n=== END {mark} ===" for part, text in texts.items()]
    instructions = _fill_instructions(name, form=form, scale=scale, language=language, mark=mark)
    return JudgePrompt(
        kind=kind,
        name=describe_prompt(name),
        messages=(("system", instructions), ("user", "\n\n".join(blocks))),
        texts=texts,
        scale=scale,
        mark=mark,
        schema=make_schema(kind) if form == "json" else None,
    )


def _fill_instructions(name: str, *, form: Form, scale: Scale, language: str, mark: str) -> str:
    parts = _split_file(name)
    target = find_language(language)
    return Template(f"{parts['instructions']}\n{parts[form]}").substitute(
        language_name=target.name,
        language_autonym=target.autonym,
        script=target.script,
        lowest=f"{scale.lowest:g}",
        highest=f"{scale.highest:g}",
        mark=mark,
    )


@cache
def _read_file(name: str) -> str:
    folder = resources.files("taco.evaluate.judge").joinpath("prompts")
    return folder.joinpath(f"{name}-{VERSIONS[name]}.txt").read_text(encoding="utf-8")


def _split_file(name: str) -> dict[str, str]:
    pieces = _PART.split(_read_file(name))[1:]
    return dict(zip(pieces[::2], (text.strip() for text in pieces[1::2]), strict=True))
