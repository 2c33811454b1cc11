"""Whether an answer is a chain at all."""

from __future__ import annotations

from taco.evaluate.case import Case
from taco.evaluate.metric import Family, Metric, Values

METRICS = (
    Metric(
        name="complete_chain",
        title="Complete chains",
        unit="rate",
        better="higher",
        reads="answer",
        meaning="Answers that hold all sections, each once, in order and none empty, and that the model ended "
        "by itself, or that were ended where a second answer began.",
        limits="Says nothing about what is written in the sections. Unscored where the template has no labels.",
        absent="zero",
        needs=("labels",),
    ),
    Metric(
        name="target_section",
        title="Target section found",
        unit="rate",
        better="higher",
        reads="answer",
        meaning="Answers with a labelled, non-empty section for the target language, whatever else is wrong with them.",
        limits="The base model was never shown the labels, so it seldom writes them; its replies are judged without.",
        absent="zero",
        needs=("labels", "response"),
    ),
    Metric(
        name="ended_by_itself",
        title="Ended by itself",
        unit="rate",
        better="higher",
        reads="answer",
        meaning="Answers that the model closed with its own end token, instead of running into the token limit or "
        "the repetition guard.",
        absent="zero",
    ),
    Metric(
        name="truncated",
        title="Cut off by the token limit",
        unit="rate",
        better="lower",
        reads="answer",
        meaning="Answers that the token limit ended, whatever they lack.",
        absent="zero",
    ),
    Metric(
        name="looped",
        title="Ended in a loop",
        unit="rate",
        better="lower",
        reads="answer",
        meaning="Answers that the repetition guard ended because they went round in a circle.",
        absent="zero",
    ),
)


def measure(case: Case) -> Values:
    """Measure one answer's form; without labels there are no sections to find."""
    has_labels = case.template.has_labels
    return {
        "complete_chain": float(case.parsed.state == "complete") if has_labels else None,
        "target_section": float(bool(case.parsed.response)) if has_labels and case.has_target else None,
        "ended_by_itself": float(case.answer.finish == "stop"),
        "truncated": float(case.answer.finish == "length"),
        "looped": float(case.answer.finish == "loop"),
    }


CHAINS = Family(METRICS, measure)
