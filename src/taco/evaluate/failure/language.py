"""Stretches of the target section that are in another language: a relative of the target, or English.

Each stretch of whole sentences gets a distribution over the target, English and the target's relatives. The identifier
saturates on long texts and wavers on short ones, so a stretch is reported only where another language is all but
certain and the target all but excluded. English words in a text of another script need no identifier: a run of two or
more that are no names and no code is a leak.
"""

from __future__ import annotations

import re

from taco.evaluate.failure.record import Failure, Subject
from taco.evaluate.failure.stretches import cut_stretches
from taco.languages.identify import blank_code, identify
from taco.languages.scripts import find_script
from taco.languages.table import ENGLISH, Language, find_language

LETTERS = 40
"""Fewest letters of a stretch that is judged, a sentence."""

CERTAIN = 0.8
"""Probability of another language from which a stretch is reported."""

_RUN = re.compile(r"[A-Za-z][A-Za-z'’-]+(?:[ \t]+[A-Za-z][A-Za-z'’-]+)+")
_FENCE = re.compile(r"```+|~~~+")


def find(subject: Subject) -> list[Failure]:
    """Report stretches in a relative of the target or in English; neighbours of one language as one."""
    start, end = subject.find_span("response")
    if start == end:
        return []
    spans: list[tuple[str, int, int, str]] = []
    prose = blank_code(subject.text)
    for left, right in cut_stretches(subject.text, start, end, letters=LETTERS):
        judged = _judge(prose[left:right], subject.language)
        if judged is None:
            continue
        code, detail = judged
        if spans and spans[-1][0] == code and spans[-1][2] == left:
            spans[-1] = (code, spans[-1][1], right, spans[-1][3])
        else:
            spans.append((code, left, right, detail))
    found = [
        subject.make_failure("english" if code == ENGLISH.code else "wrong-language", (left, right), detail)
        for code, left, right, detail in spans
    ]
    return [*found, *_find_leaks(subject, start, end, [(left, right) for _, left, right, _ in spans])]


def _judge(stretch: str, target: Language) -> tuple[str, str] | None:
    """Return the other language that a stretch is in, with its distribution; None where it is the target's."""
    found = identify(stretch, target=target)
    if not found.best or found.best == target.code or found.distribution[found.best] < CERTAIN:
        return None
    if found.best != ENGLISH.code and not found.knows_target:
        return None
    shares = sorted(found.distribution.items(), key=lambda pair: -pair[1])
    likely = ", ".join(f"{find_language(code).name} {share:.2f}" for code, share in shares if share >= 0.005)
    return found.best, f"identified as {likely}"


def _find_leaks(subject: Subject, start: int, end: int, known: list[tuple[int, int]]) -> list[Failure]:
    """Report runs of English words in a text of another script; a run of names, all capitalised, is none."""
    if subject.language.script == ENGLISH.script:
        return []
    prose = _blank_all_code(subject.text[start:end])
    if sum(find_script(letter) == subject.language.script for letter in prose) < LETTERS / 2:
        return []
    leaks = []
    for match in _RUN.finditer(prose):
        span = (start + match.start(), start + match.end())
        is_named = all(word[:1].isupper() for word in match[0].split())
        if not is_named and not any(left < span[1] and span[0] < right for left, right in known):
            leaks.append(subject.make_failure("english", span, f"English words in the text: {match[0][:60]!r}"))
    return leaks


def _blank_all_code(text: str) -> str:
    """Blank code; where translation left an odd number of fences, all from the first to the last one."""
    prose = blank_code(text)
    fences = [match.start() for match in _FENCE.finditer(text)]
    if len(fences) % 2:
        first, last = fences[0], len(text) if len(fences) == 1 else fences[-1]
        prose = prose[:first] + " " * (last - first) + prose[last:]
    return prose
