"""Which language the reply is in, among the target, English and the target's relatives."""

from __future__ import annotations

from taco.evaluate.case import Case
from taco.evaluate.metric import Family, Metric, Values
from taco.languages.table import ENGLISH

_IDENTIFIER = (
    "Close relatives are told apart by letter statistics, and code or names mislead them. A text that may as well be in "
    "another language is left out."
)

METRICS = (
    Metric(
        name="reply_in_target",
        title="Reply in the target language",
        unit="rate",
        better="higher",
        reads="reply",
        meaning="Answers whose reply is identified as the target language rather than English or a relative. The reply "
        "is the target section; of an answer without any label it is the whole text.",
        limits=f"The right language can still be wrong or empty talk. {_IDENTIFIER}",
        absent="zero",
    ),
    Metric(
        name="section_in_target",
        title="Target section in the target language",
        unit="rate",
        better="higher",
        reads="response",
        meaning="The same among the labelled target sections alone; answers without one are left out.",
        limits=_IDENTIFIER,
        absent="unscored",
        needs=("labels",),
    ),
    Metric(
        name="reply_in_english",
        title="Reply in English",
        unit="rate",
        better="lower",
        reads="reply",
        meaning="Answers whose reply is identified as English: the model did not leave the language it knows best.",
        limits="Replies without any words to judge, such as plain code, are left out.",
        absent="unscored",
    ),
    Metric(
        name="script_share",
        title="Letters in the target's script",
        unit="share",
        better="higher",
        reads="reply",
        meaning="Share of the reply's letters that belong to the script of the target language.",
        limits="Tells nothing apart where target and English share a script.",
        absent="zero",
    ),
)


def measure(case: Case) -> Values:
    """Measure the language of one answer's reply.

    Where the identifier does not know the target, or cannot decide, or the reply has no words, its language cannot be said:
    unscored, not zero. Where there is no reply at all, it is not in the language: zero. A template without a target section asks for
    no reply: unscored.
    """
    if not case.has_target:
        return dict.fromkeys((metric.name for metric in METRICS), None)
    found = case.identification
    is_target = float(found.best == case.language.code) if found.knows_target and found.best else None
    return {
        "reply_in_target": 0.0 if found.knows_target and not case.reply else is_target,
        "section_in_target": is_target if case.parsed.response and case.template.has_labels else None,
        "reply_in_english": float(found.best == ENGLISH.code) if found.best else None,
        "script_share": found.script_share,
    }


LANGUAGE = Family(METRICS, measure)
