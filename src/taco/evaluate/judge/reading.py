"""A judge's reply as a verdict, or the reason why there is none.

A verdict is read from the judge's reply alone, in this order:

1. A reply that is one JSON object as a whole (a Markdown fence around it is borne) is read as such. A field that is
   missing, stands there twice, is no number or is out of the scale leaves the reply without a verdict, and so does an
   object that is broken.
2. Lines that carry the prompt's mark. No text that was judged holds the mark, so none of them can be a quotation.
3. Any other text, by `taco.evaluate.verdict`; but a rating whose number stands in double brackets in the judged texts too
   may be a quotation, and is none. So an answer that claims a rating can at most cost the judge another call.

A reply that was cut off, or a refusal, has no verdict, whatever it holds.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from taco.evaluate.judge.prompt import AXES, WINNERS, JudgePrompt
from taco.evaluate.verdict import parse_verdict
from taco.remote.chat_reply import ChatReply

_FENCE = re.compile(r"\s*```(?:json)?\s*\n(.*?)\n?```\s*", re.DOTALL)
_BRACKETED = re.compile(r"\[\[\s*([^\[\]\n]{1,20}?)\s*\]\]")
_BRACKETED_NUMBER = re.compile(r"\[\[\s*(\d{1,3}(?:\.\d{1,3})?)\s*\]\]")
_BEGINS_JSON = re.compile(r"\s*(?:```(?:json)?\s*)?\{")
_WINNER = re.compile(r"\[\[\s*(A|B|C|tie)\s*\]\]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reply says.

    Attributes:
        score: The rating; None where there is none.
        winner: Of a comparison: "A", "B" or "tie"; "" where there is none.
        axes: Of a rubric: axis -> rating.
        reason: Why there is no verdict, a short, fixed phrase with hyphens; "" where there is one.
        explanation: What the judge wrote besides.
    """

    score: float | None = None
    winner: str = ""
    axes: Mapping[str, float] = field(default_factory=dict)
    reason: str = ""
    explanation: str = ""

    @property
    def is_readable(self) -> bool:
        return not self.reason


class _FormError(ValueError):
    """A reply without a verdict; its text is the reason."""


def read_verdict(reply: ChatReply, prompt: JudgePrompt) -> Reading:
    """Read a judge's reply; see the module's docstring for the rules.

    Reasons: "refused", "cut-off", "wrong-form" (JSON, but not the fields that were asked for), "several-ratings",
    "out-of-range", "quoted-rating" (rule 3), and those of `taco.evaluate.verdict`.
    """
    if reply.refusal:
        return Reading(reason="refused", explanation=reply.refusal)
    if reply.is_cut:
        return Reading(reason="cut-off", explanation=reply.content)
    fields: dict[str, Any] | None = None
    try:
        fields = _find_object(reply.content, prompt)
        found = _read_plain(reply.content, prompt) if fields is None else _read_fields(fields, prompt)
    except _FormError as error:
        return Reading(reason=str(error), explanation=_find_explanation(fields, reply.content))
    explanation = _find_explanation(fields, reply.content)
    if prompt.kind == "pair":
        return Reading(winner=str(found["winner"]), explanation=explanation)
    if prompt.kind == "rubric":
        axes = {axis: float(found[axis]) for axis in AXES}
        return Reading(score=combine_axes(axes), axes=axes, explanation=explanation)
    return Reading(score=float(found["rating"]), explanation=explanation)


def combine_axes(axes: Mapping[str, float]) -> float:
    """Return a rubric's one score: the mean of the axes but the language's, and never more than that one.

    >>> combine_axes({"language": 1, "fluency": 9, "adequacy": 9, "correctness": 9})
    1.0
    >>> combine_axes({"language": 10, "fluency": 6, "adequacy": 8, "correctness": 7})
    7.0
    """
    others = [axes[axis] for axis in AXES if axis != "language"]
    return float(min(axes["language"], sum(others) / len(others)))


def _list_marked(content: str, prompt: JudgePrompt) -> list[str]:
    """Return the lines with the prompt's mark, which no judged text can hold."""
    return [line for line in content.splitlines() if prompt.mark and prompt.mark in line.casefold()]


def _find_object(content: str, prompt: JudgePrompt) -> dict[str, Any] | None:
    """Return the JSON object that a reply is, None where it is none."""
    fenced = _FENCE.fullmatch(content)
    try:
        found = json.loads(fenced[1] if fenced else content, object_pairs_hook=_check_once)
    except _FormError:
        raise
    except (ValueError, RecursionError):
        if _BEGINS_JSON.match(content) and not _list_marked(content, prompt):  # else it may begin with a quoted answer
            raise _FormError("wrong-form") from None  # of a broken object nobody can say where its numbers end
        return None
    return found if isinstance(found, dict) else None


def _check_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise _FormError("several-ratings")
    return fields


def _find_explanation(fields: Mapping[str, Any] | None, content: str) -> str:
    said = (fields or {}).get("explanation")
    return said if isinstance(said, str) else content


def _read_fields(fields: Mapping[str, Any], prompt: JudgePrompt) -> dict[str, Any]:
    if prompt.kind == "pair":
        winner = fields.get("winner")
        if winner not in WINNERS:
            raise _FormError("wrong-form")
        return {"winner": winner}
    names = AXES if prompt.kind == "rubric" else ("rating",)
    return {name: _check_number(fields.get(name), prompt) for name in names}


def _check_number(value: Any, prompt: JudgePrompt) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _FormError("wrong-form")
    if not prompt.scale.lowest <= value <= prompt.scale.highest or not math.isfinite(value):
        raise _FormError("out-of-range")
    return float(value)


def _read_plain(content: str, prompt: JudgePrompt) -> dict[str, Any]:
    marked = _list_marked(content, prompt)
    if prompt.kind == "rubric":
        return {axis: _read_axis(axis, marked, prompt) for axis in AXES}
    if prompt.kind == "pair":
        return {"winner": _read_winner("\n".join(marked) or content, prompt, is_marked=bool(marked))}
    return {"rating": _read_rating("\n".join(marked) or content, prompt, is_marked=bool(marked))}


def _read_axis(axis: str, marked: list[str], prompt: JudgePrompt) -> float:
    lines = [line for line in marked if line.strip(" \t*_#-").casefold().startswith(axis)]
    if not lines:
        raise _FormError("no-rating")
    return _read_rating("\n".join(lines), prompt, is_marked=True)


def _read_rating(text: str, prompt: JudgePrompt, *, is_marked: bool) -> float:
    if is_marked and len(set(_BRACKETED.findall(text))) > 1:
        raise _FormError("several-ratings")
    verdict = parse_verdict(text, lowest=prompt.scale.lowest, highest=prompt.scale.highest)
    if verdict.score is None:
        raise _FormError(verdict.reason)
    if not is_marked and verdict.score in _list_claims(prompt):
        raise _FormError("quoted-rating")
    return verdict.score


def _read_winner(text: str, prompt: JudgePrompt, *, is_marked: bool) -> str:
    named = {match.casefold() for match in _WINNER.findall(text)}
    if len(named) != 1:
        raise _FormError("several-ratings" if named else "no-rating")
    (winner,) = named
    claims = {match.casefold() for judged in prompt.texts.values() for match in _WINNER.findall(judged)}
    if not is_marked and winner in claims:
        raise _FormError("quoted-rating")
    return "tie" if winner in ("c", "tie") else winner.upper()


def _list_claims(prompt: JudgePrompt) -> set[float]:
    """Return the ratings that the judged texts themselves hold."""
    lowest, highest = prompt.scale.lowest, prompt.scale.highest
    claims = {float(number) for text in prompt.texts.values() for number in _BRACKETED_NUMBER.findall(text)}
    for text in prompt.texts.values():
        scores = (parse_verdict(line, lowest=lowest, highest=highest).score for line in text.splitlines())
        claims |= {score for score in scores if score is not None}
    return claims
