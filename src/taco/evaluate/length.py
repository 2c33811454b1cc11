"""How long replies are, and what they cost."""

from __future__ import annotations

import re
from functools import partial

from taco.chain.template import SECTIONS
from taco.evaluate.case import Case
from taco.evaluate.metric import Family, Metric, Need, Values
from taco.languages.identify import strip_code
from taco.languages.sentences import UNPUNCTUATED

_LIST_MARK = re.compile(r"^[ \t]*(?:[-*+•]|\d+[.)])[ \t]+", re.MULTILINE)
_SENTENCE_END = re.compile(
    r"(?:[!?…]|\.)+[\"'”’»)\]*_]*(?=\s+[^\sa-z]|\s*\Z)"  # a small letter after the dot: an abbreviation
    r"|[。！？]+"
    r"|[।॥؟۔።፧။։៕។᱾꯫]+"
)


def list_metrics(limit: int) -> tuple[Metric, ...]:
    """Return the measures for a limit in sentences."""
    return (
        Metric(
            name="characters",
            title="Length of the reply",
            unit="characters",
            better="neither",
            reads="reply",
            meaning="Characters that a reader gets to read.",
            absent="unscored",
        ),
        Metric(
            name="sentences",
            title="Sentences in the reply",
            unit="sentences",
            better="neither",
            reads="reply",
            meaning="Ends of sentences in the reply, code left out.",
            limits="Counted by punctuation; unscored for scripts that do not mark the end of a sentence.",
            absent="unscored",
        ),
        Metric(
            name="too_many_sentences",
            title=f"Replies of {limit} sentences or more",
            unit="rate",
            better="neither",
            reads="reply",
            meaning=f"The paper asks for answers of less than 6 sentences; this counts those with {limit} or more.",
            limits="A fault only where the recipe appends the rule to the instructions.",
            absent="unscored",
        ),
    )


_USES: tuple[tuple[str, tuple[Need, ...], str, str], ...] = (
    (
        "instruction_en",
        ("instruction_en",),
        "instruction in English",
        "Tokens spent on repeating the question in English.",
    ),
    ("response_en", ("response_en",), "response in English", "Tokens spent on the English answer."),
    ("response", ("response",), "response in the target language", "Tokens spent on the part that the reader wants."),
    ("other", (), "labels and the rest", "Tokens of labels, of the end, and of text outside any section."),
)

USE_METRICS = (
    *(
        Metric(
            name=f"tokens_{section}",
            title=f"Tokens: {title}",
            unit="tokens",
            better="neither",
            reads="answer",
            meaning=meaning,
            absent="zero",
            needs=needs,
        )
        for section, needs, title, meaning in _USES
    ),
    Metric(
        name="tokens",
        title="Tokens in all",
        unit="tokens",
        better="neither",
        reads="answer",
        meaning="Tokens that the model generated for one answer.",
        absent="zero",
    ),
    Metric(
        name="seconds",
        title="Time for an answer",
        unit="seconds",
        better="neither",
        reads="answer",
        meaning="Wall-clock time of the decoding steps of an answer; the answers of a batch share each step.",
        limits="Depends on the machine and on what else it was doing.",
        absent="zero",
    ),
    *(
        Metric(
            name=f"seconds_{section}",
            title=f"Time: {title}",
            unit="seconds",
            better="neither",
            reads="answer",
            meaning=meaning.replace("Tokens", "Wall-clock time of the decoding steps"),
            limits="Depends on the machine and on what else it was doing.",
            absent="zero",
            needs=needs,
        )
        for section, needs, title, meaning in _USES
    ),
)


def make_length(limit: int) -> Family:
    """Return the measures of length for a limit in sentences."""
    return Family((*list_metrics(limit), *USE_METRICS), partial(measure, limit=limit))


def measure(case: Case, *, limit: int) -> Values:
    """Measure the length of one answer's reply and what the answer cost; unscored where nobody counted tokens."""
    sentences = count_sentences(case.reply, script=case.language.script) if case.reply else None
    lengths: dict[str, float | None] = {
        "characters": float(len(case.reply)) if case.reply else None,
        "sentences": None if sentences is None else float(sentences),
        "too_many_sentences": None if sentences is None else float(sentences >= limit),
    }
    return lengths | _measure_use(case)


def _measure_use(case: Case) -> dict[str, float | None]:
    answer = case.answer
    was_counted = answer.tokens > 0
    names = (*SECTIONS, "other")
    asked = (*case.template.section_names, "other")
    tokens, seconds = dict.fromkeys(names, 0.0), dict.fromkeys(names, 0.0)
    for use in answer.sections:
        tokens[use.name] = tokens.get(use.name, 0.0) + use.tokens
        seconds[use.name] = seconds.get(use.name, 0.0) + use.seconds
    divided = asked if was_counted and answer.sections else ()
    return {
        **{f"tokens_{name}": tokens[name] if name in divided else None for name in names},
        "tokens": float(answer.tokens) if was_counted else None,
        "seconds": answer.seconds if was_counted else None,
        **{f"seconds_{name}": seconds[name] if name in divided else None for name in names},
    }


def count_sentences(text: str, *, script: str) -> int | None:
    """Count the sentences of a text by their punctuation, code left out; a text without any counts as one.

    Abbreviations that a capital letter follows are counted too many, list items without a full stop are not counted.

    Returns:
        None for scripts that do not mark the end of a sentence.

    >>> count_sentences("Ola, Ana. Son as 3.14, p. ex. tres!", script="Latn")
    2
    >>> count_sentences("1. un\\n2. dous", script="Latn")
    1
    """
    if script in UNPUNCTUATED:
        return None
    prose = _LIST_MARK.sub("", strip_code(text))
    return max(1, len(_SENTENCE_END.findall(prose)))
