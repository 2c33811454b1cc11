"""How much an answer repeats itself.

The measure is seq-rep-n (Welleck et al. 2020, "Neural text generation with unlikelihood training"): one minus the share
of distinct n-grams among all n-grams. It is taken over characters instead of words, so that "000,000,..." is seen as
the loop that it is and no script needs a word splitter: 20-grams, about four words of English, or 8-grams in scripts
that put no space between words. Both orders are our own choice.
"""

from __future__ import annotations

from taco.chain.template import SECTIONS
from taco.evaluate.case import Case
from taco.evaluate.metric import Family, Metric, Values
from taco.languages.scripts import UNSPACED, measure_script_share

ORDER = 20
ORDER_UNSPACED = 8

METRICS = (
    Metric(
        name="repetition",
        title="Repetition in the worst section",
        unit="share",
        better="lower",
        reads="answer",
        meaning="Share of 20-letter sequences that occurred before in the same section, in the section where it is "
        "highest: near 0 in normal prose, near 100 % in a loop.",
        limits="Lists and refrains repeat for good reasons: compare with the references' own value.",
        absent="unscored",
    ),
)


def measure(case: Case) -> Values:
    """Measure the repetition of one answer's worst section; of the whole text where there is no section."""
    texts = [getattr(case.parsed, name) for name in SECTIONS if getattr(case.parsed, name)] or [case.answer.text]
    shares = [share for text in texts if (share := measure_repetition(text, script=case.language.script)) is not None]
    return {"repetition": max(shares, default=None)}


def measure_repetition(text: str, *, script: str) -> float | None:
    """Return the share of n-grams that occurred before in a text, from 0 to 1; None where it is too short for one.

    Args:
        text: Any text.
        script: The target's script; decides what is counted where most of the text is in it.

    >>> measure_repetition("a" * 200, script="Latn") > 0.99
    True
    """
    is_unspaced = script in UNSPACED and measure_script_share(text, script) > 1 / 2
    letters, order = " ".join(text.split()), ORDER_UNSPACED if is_unspaced else ORDER
    total = len(letters) - order + 1
    if total < 1:
        return None
    return 1 - len({letters[start : start + order] for start in range(total)}) / total


REPETITION = Family(METRICS, measure)
