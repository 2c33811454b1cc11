"""English retention: how good the English that an answer holds is, before and after tuning.

The English of an answer is its labelled English section; of an answer without any label, the whole text where that is
identified as English. It is compared with the English reference answer by chrF++. So the base model, which writes no
labels and mostly replies in English whatever it is asked in, has a value too, and tuned minus base over the rows where
both have English says what tuning did to it. Both were asked in the target language: this is no test of English questions.
"""

from __future__ import annotations

from taco.evaluate.case import Case
from taco.evaluate.metric import Family, Metric, Values
from taco.languages.table import ENGLISH
from taco.measure.chrf import score_text

METRICS = (
    Metric(
        name="chrf_english",
        title="English of the answer against reference",
        unit="chrF++",
        better="higher",
        reads="answer",
        meaning="English retention: agreement with the English reference answer of whatever English an answer has, its "
        "English section or, without labels, a whole reply in English. Tuned minus base is what tuning did to it.",
        limits="Asked in the target language, and only rows where an answer has English count. Good answers in other "
        "words score low.",
        absent="unscored",
        needs=("response_en",),
    ),
)


def measure(case: Case) -> Values:
    """Measure the English of one answer; unscored where it has none."""
    text = find_english(case)
    return {"chrf_english": score_text(text, case.example.chain.response_en) if text else None}


def find_english(case: Case) -> str:
    """Return the English that an answer holds, "" where it has none."""
    if case.parsed.state == "no-chain":
        return case.reply if case.identification.best == ENGLISH.code else ""
    return case.parsed.response_en


RETENTION = Family(METRICS, measure)
