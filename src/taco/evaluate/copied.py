"""Whether a reply only repeats the question.

Reply and question are compared as sets of 3-letter sequences (2 in scripts that put no space between words), letters and
digits alone, without case: Dice's coefficient, 2 |A and B| / (|A| + |B|). A set holds a sequence once, so a question that
is written over and over is still the question; an answer behind the question makes the two less alike.

Repeating may be what was asked ("correct this sentence", "sort these words"), and good answers take up the words of the
question ("The capital of Norway is Oslo"). So a reply that is at least as much like the reference as like the question is
no copy.
"""

from __future__ import annotations

from taco.evaluate.benchmark.contamination import tidy
from taco.evaluate.case import Case
from taco.evaluate.metric import Family, Metric, Values
from taco.languages.scripts import UNSPACED, measure_script_share

ORDER = 3
ORDER_UNSPACED = 2

COPIED = 0.8
"""Likeness to the question from which a reply is a copy. Our own choice: of 120 replies of a model that was tuned on
translation pairs alone 95 are (0.7: 105; by reading 115); of 1,426 true answers in three public sets 13 are as much like
their question (0.7: 50). See docs/evaluate.md."""

FEWEST = 8
"""Fewest different sequences of a question that is judged: "Hello!" may be answered by "Hello!"."""

METRICS = (
    Metric(
        name="copied_question",
        title="Question copied",
        unit="rate",
        better="lower",
        reads="reply",
        meaning="Replies that are the question again instead of an answer to it: as much like it as 80 % of their 3-letter "
        "sequences, and more like it than like the reference, so that tasks whose answer repeats the question do not count.",
        limits="A copy with many words changed, or in another language than the question, is not seen; a short answer in a "
        "whole sentence may be counted where the reference is worded otherwise. Questions of a word or two are left out.",
        absent="unscored",
    ),
)


def measure(case: Case) -> Values:
    """Measure whether one reply is the question again."""
    likeness = measure_likeness(case.reply, case.example.prompt, script=case.language.script)
    if likeness is None:
        return {"copied_question": None}
    return {"copied_question": float(is_copy(likeness, case.reply, case.example.chain.response, case.language.script))}


def is_copy(likeness: float, reply: str, reference: str, script: str) -> bool:
    """Tell whether a reply is a copy of the question.

    Args:
        likeness: How much it is like the question, see `measure_likeness`.
        reply: The reply.
        reference: A good answer; "" where none is known.
        script: The target's script.
    """
    if likeness < COPIED:
        return False
    return likeness > (_compare(_cut(reply, script), _cut(reference, script)) if reference else 0.0)


def measure_likeness(text: str, question: str, *, script: str) -> float | None:
    """Return how much a text is like a question, from 0 to 1; None where there is no text, or too little to judge.

    Args:
        text: A reply.
        question: What was asked.
        script: The target's script; decides what is counted where most of the question is in it.

    >>> measure_likeness("WHY is the sky blue", "Why is the sky blue?", script="Latn")
    1.0
    >>> measure_likeness("Air scatters blue light most.", "Why is the sky blue?", script="Latn") < 0.3
    True
    >>> measure_likeness("Hello!", "Hello!", script="Latn") is None
    True
    """
    asked, written = _cut(question, script), _cut(text, script)
    return _compare(asked, written) if written and len(asked) >= FEWEST else None


def _compare(first: set[str], second: set[str]) -> float:
    return 2 * len(first & second) / (len(first) + len(second)) if first or second else 0.0


def _cut(text: str, script: str) -> set[str]:
    """Cut a text into sequences of letters, their marks and digits, and the blanks between words."""
    is_unspaced = script in UNSPACED and measure_script_share(text, script) > 1 / 2
    order = ORDER_UNSPACED if is_unspaced else ORDER
    plain = tidy(text)
    letters = f" {plain} " if plain else ""
    return {letters[start : start + order] for start in range(len(letters) - order + 1)}


COPIES = Family(METRICS, measure)
