"""Language confusion within replies: lines in another language, and English words within lines of another script.

The pass rates are those of Marchisio et al. 2024, "Understanding and Mitigating Language Confusion in LLMs"
(arXiv 2406.20052, section 3). Of the replies R with a line to judge, E_L are those with a line in another language and
E_W those with an English word:

    LPR  = |R \\ E_L| / |R|
    WPR  = |R \\ E_L \\ E_W| / |R \\ E_L|
    LCPR = 2 LPR WPR / (LPR + WPR)

As in the paper's own program, lines of fewer than 5 words are passed over, only words in small letters of 4 letters or
more are looked at, and WPR is taken for targets in another script than English alone. Three things differ. Lines are
identified among the target, English and the target's relatives instead of fastText's 176 languages. There is no
dictionary: each word in basic Latin letters counts, unless the reference's target section has it too. And code, URLs
and the like are no text, and lines that may as well be in another language are passed over.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from taco.evaluate.case import Case
from taco.evaluate.metric import Family, Metric, Values
from taco.languages.identify import identify, strip_code
from taco.languages.scripts import UNSPACED, find_script
from taco.languages.table import ENGLISH, Language

LEAST_WORDS = 5
"""Words of a line that is judged, the paper's."""

LEAST_LETTERS = 10
"""Letters of a line that is judged in scripts that put no space between words, where the paper cuts words. Our own."""

_LATIN_WORD = re.compile(r"(?<![A-Za-z0-9_À-ɏ'’.@/\\-])[a-z]{4,}(?![A-Za-z0-9_À-ɏ@/\\-])")

METRICS = (
    Metric(
        name="line_pass",
        title="Replies without a line in another language (LPR)",
        unit="rate",
        better="higher",
        reads="reply",
        meaning="Line-level pass rate: replies in which every line of 5 words or more is identified as the target "
        "language. Replies without such a line are left out.",
        limits="Single lines of close relatives are easily mistaken, and those that the identifier is not sure of are passed over: "
        "hold it against the references' own value.",
        absent="unscored",
    ),
    Metric(
        name="word_pass",
        title="Of these, replies without English words (WPR)",
        unit="rate",
        better="higher",
        reads="reply",
        meaning="Word-level pass rate: among replies that pass by lines, those without a word of 4 or more small Latin "
        "letters that the reference does not have. Only for targets in another script than English.",
        limits="Words from any language in Latin letters count as English ones; capitalised and shorter ones do not.",
        absent="unscored",
    ),
    Metric(
        name="lines_in_target",
        title="Lines in the target language",
        unit="share",
        better="higher",
        reads="reply",
        meaning="Share of a reply's lines of 5 words or more that are identified as the target language.",
        limits="As for the line-level pass rate.",
        absent="unscored",
    ),
)


def measure(case: Case) -> Values:
    """Measure one answer's confusion; unscored where no line can be judged or the target is unknown."""
    values: dict[str, float | None] = dict.fromkeys((metric.name for metric in METRICS), None)
    is_asked = case.has_target and case.identification.knows_target
    found = judge_lines(case.reply, case.language) if is_asked else []
    if not found:
        return values
    right = sum(code == case.language.code for _, code in found)
    values["line_pass"] = float(right == len(found))
    values["lines_in_target"] = right / len(found)
    if right == len(found) and case.language.script != ENGLISH.script:
        words = find_english_words([line for line, _ in found])
        values["word_pass"] = float(not words - find_english_words([case.example.chain.response]))
    return values


def judge_lines(text: str, language: Language) -> list[tuple[str, str]]:
    """Return the lines that are long enough to be judged and whose language is told, each with its code.

    >>> from taco.languages.table import find_language
    >>> [code for _, code in judge_lines("The sky is blue, as everybody knows.\\nOla!", find_language("gl"))]
    ['en']
    """
    lines = [line for line in strip_code(text).splitlines() if _is_long(line, language)]
    found = ((line, identify(line, target=language).best) for line in lines)
    return [(line, code) for line, code in found if code]


def find_english_words(lines: Sequence[str]) -> set[str]:
    """Return the words of 4 or more small basic Latin letters.

    >>> sorted(find_english_words(["आकाश is actually नीला, see Oslo and sky.png"]))
    ['actually']
    """
    return {word for line in lines for word in _LATIN_WORD.findall(strip_code(line))}


def score_confusion(counts: Sequence[int]) -> float:
    """Return LCPR, from 0 to 1, of added-up `count_confusion`; where no word was to be judged, LPR.

    >>> round(score_confusion([10, 8, 8, 4]), 4)
    0.6154
    """
    judged, line_passes, words_judged, word_passes = counts
    line_rate = line_passes / judged if judged else 0.0
    if not words_judged:
        return line_rate
    word_rate = word_passes / words_judged
    return 2 * line_rate * word_rate / (line_rate + word_rate) if line_rate + word_rate else 0.0


def count_confusion(values: Values) -> list[int]:
    """Return what adds up over answers: judged by lines, passed, judged by words, passed."""
    line, word = values.get("line_pass"), values.get("word_pass")
    return [int(line is not None), int(line or 0), int(word is not None), int(word or 0)]


def _is_long(line: str, language: Language) -> bool:
    if language.script in UNSPACED and sum(bool(find_script(letter)) for letter in line) >= LEAST_LETTERS:
        return True
    return len(line.split()) >= LEAST_WORDS


CONFUSION = Family(METRICS, measure)
