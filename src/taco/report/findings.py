"""What the numbers say, in sentences, and what they do not say.

The limits below are our own. Their anchors: Apertium's own English-Galician output reaches 46 chrF++ against human
translations (UDHR, 50 paragraphs) and an untranslated copy of the English about 20; the floors of each run are
computed from its own rows and stand beside the number.
"""

from __future__ import annotations

from taco.evaluate.scores import ArmScores, Scores
from taco.gate.round_trip import RoundTrip
from taco.measure.bootstrap import Estimate
from taco.measure.unit import Unit
from taco.report.content import Finding, Tone
from taco.report.scale import is_at_floor, list_floors, write_ceiling, write_scale
from taco.report.wording import write_interval, write_rows, write_value

FEW_ROWS = 20
"""Below this number of rows intervals of skewed scores hold the truth clearly less often than they say: docs/results/intervals.md."""

HIGH_RATE, LOW_RATE = 0.9, 0.5
"""From 90 % a rate is called high, below 50 % low. 90 % of complete chains is what a tuned model should reach."""

FEW_COPIES = 0.05
"""Up to 5 % of replies that are the question again are called few: a plainly tuned small model had 4 %."""

AGREEMENT = ((60.0, "close"), (45.0, "considerable"), (30.0, "partial"), (20.0, "slight"), (0.0, "hardly any"))
"""chrF++ from which agreement with the reference is called so."""

FIDELITY = ((70.0, "mostly"), (40.0, "partly"), (0.0, "seldom"))
"""chrF++ of the English instruction from which questions are said to be understood so."""


def state_headline(scores: Scores) -> str:
    """Say in one sentence what the tuned model learnt."""
    tuned = scores.arms.get("tuned")
    if tuned is None or not tuned.rows:
        return "There are no answers of the tuned model to judge."
    parts = []
    if form := tuned.metrics.get("complete_chain"):
        parts.append(f"{_grade_rate(form, 'has learnt', 'has partly learnt', 'has not learnt')} the form")
    name, spoken = scores.language_name, tuned.metrics.get("reply_in_target")
    if spoken is None:
        question = tuned.metrics.get("chrf_instruction_en")
        agreement = _grade_agreement(question.value if question else None)
        return f"The tuned model puts {name} into English; {agreement} agreement with the English it was made from."
    if spoken.value is None:
        parts.append(f"whether it writes {name} cannot be told by machine")
    else:
        parts.append(_grade_rate(spoken, f"answers in {name}", f"often answers in {name}", f"seldom answers in {name}"))
    agreement = _grade_agreement(tuned.metrics["chrf_reply"].value)
    return f"The tuned model {' and '.join(parts)}; {agreement} agreement with the machine-translated references."


def state_findings(
    scores: Scores, *, is_judged: bool = False, round_trip: RoundTrip | None = None
) -> tuple[Finding, ...]:
    """Say what the numbers say, topic by topic, and end with what they cannot say.

    Args:
        scores: The numbers.
        is_judged: Whether a judge's verdicts are shown beside them.
        round_trip: The references' own way there and back, where the gate took it.
    """
    tuned = scores.arms.get("tuned")
    if tuned is None or not tuned.rows:
        return (Finding(topic="Answers", tone="bad", text="No answer of the tuned model could be scored."),)
    found = [
        _state_form(scores, tuned),
        _state_ending(scores, tuned),
        _state_language(scores, tuned),
        _state_copies(scores, tuned),
        _state_agreement(scores, tuned, round_trip),
        _state_english(scores, tuned),
        _state_question(tuned),
        _state_faults(scores, tuned),
    ]
    return (*(finding for finding in found if finding), _state_limits(scores, is_judged=is_judged))


def _state_form(scores: Scores, tuned: ArmScores) -> Finding | None:
    form = tuned.metrics.get("complete_chain")
    if form is None:
        return None
    base = _compare_base(scores, "complete_chain")
    text = f"{_describe(form, 'rate')} of the tuned model's answers are complete chains{base}"
    text += ". It was never shown the labels" if base else ""
    return Finding(topic="Form", tone=_tone(form.value, LOW_RATE, HIGH_RATE), text=f"{text}.")


def _state_ending(scores: Scores, tuned: ArmScores) -> Finding | None:
    ended = tuned.metrics.get("ended_by_itself")
    if ended is None or ended.value is None:
        return None
    text = (
        f"{_describe(ended, 'rate')} of the tuned answers ended by themselves{_compare_base(scores, 'ended_by_itself')}"
    )
    names = {"length": "by the token limit", "loop": "in a loop", "label": "where a second answer began"}
    others = [f"{tuned.finishes[name]} {words}" for name, words in names.items() if tuned.finishes.get(name)]
    text += f". The others were ended from outside: {', '.join(others)}" if others else ""
    return Finding(topic="Ending", tone=_tone(ended.value, LOW_RATE, HIGH_RATE), text=f"{text}.")


def _state_copies(scores: Scores, tuned: ArmScores) -> Finding | None:
    copied = tuned.metrics.get("copied_question")
    if copied is None or copied.value is None:
        return None
    base = _compare_base(scores, "copied_question")
    text = f"{_describe(copied, 'rate')} of the tuned replies are the question again instead of an answer{base}"
    tone: Tone = "good" if copied.value <= FEW_COPIES else "bad" if copied.value >= LOW_RATE else "mixed"
    return Finding(topic="Copies", tone=tone, text=f"{text}.")


def _state_language(scores: Scores, tuned: ArmScores) -> Finding | None:
    name, spoken = scores.language_name, tuned.metrics.get("reply_in_target")
    if spoken is None:
        return None
    if not scores.knows_target or spoken.value is None:
        script = write_value(tuned.metrics["script_share"], "share")
        text = (
            f"{_explain_silence(scores)} so nothing here says whether the replies are in {name}. "
            f"{script} of their letters are in its script."
        )
        return Finding(topic="Language", tone="note", text=text)
    text = f"{_describe(spoken, 'rate')} of the tuned replies are identified as {name}"
    base, ceiling = _find(scores, "base", "reply_in_target"), None
    if base is not None:
        text += f", against {write_value(base, 'rate')} of the base model's"
    if scores.reference is not None:
        ceiling = scores.reference.metrics["reply_in_target"]
        text += f". Of the reference translations themselves the identifier recognises {write_value(ceiling, 'rate')}"
    top = (ceiling.value if ceiling else None) or 1.0
    return Finding(topic="Language", tone=_tone(spoken.value, LOW_RATE * top, HIGH_RATE * top), text=f"{text}.")


def _explain_silence(scores: Scores) -> str:
    if not scores.knows_target:
        return f"The language identifier does not know {scores.language_name},"
    return "The language identifier could not decide on any reply,"


def _state_agreement(scores: Scores, tuned: ArmScores, round_trip: RoundTrip | None) -> Finding | None:
    reply = tuned.metrics.get("chrf_reply")
    if reply is None:
        return None
    if reply.value is None:
        return Finding(topic="Text", tone="note", text="No reply could be compared with a reference.")
    text = (
        f"The tuned replies reach {_describe(reply, 'chrF++')} chrF++ against the machine translation of the reference "
        f"answers: {_grade_agreement(reply.value)} agreement."
    )
    floors = list_floors(scores)
    text += write_scale(floors) + write_ceiling(scores, round_trip)
    is_low = is_at_floor(reply, floors)
    if is_low:
        text += " The replies cannot be told apart from that."
    base = _find(scores, "base", "chrf_reply")
    if base is not None:
        difference = scores.differences["chrf_reply"]
        text += f" The base model reaches {write_value(base, 'chrF++')}{_describe_difference(difference)}."
    tone: Tone = "bad" if is_low else _tone(reply.value, AGREEMENT[-2][0], AGREEMENT[1][0])
    return Finding(topic="Text", tone=tone, text=text)


def _state_english(scores: Scores, tuned: ArmScores) -> Finding | None:
    english = tuned.metrics.get("chrf_response_en")
    if english is None or english.value is None:
        return None
    step = 2 if "chrf_instruction_en" in tuned.metrics else 1
    text = (
        f"Step {step}, the answer in English, agrees with the reference answer by {_describe(english, 'chrF++')} chrF++: "
        f"{_grade_agreement(english.value)} agreement.{write_scale(list_floors(scores, 'chrf_response_en'))} "
        "Questions have many good answers: a low number alone is no fault."
    )
    return Finding(topic="English", tone=_tone(english.value, AGREEMENT[-2][0], AGREEMENT[1][0]), text=text)


def _state_question(tuned: ArmScores) -> Finding | None:
    question = tuned.metrics.get("chrf_instruction_en")
    if question is None or question.value is None:
        return None
    grade = next(word for least, word in FIDELITY if question.value >= least)
    text = (
        f"Step 1, the question back in English, agrees with the true question by {_describe(question, 'chrF++')} "
        f"chrF++: the question is {grade} understood. A mistake here runs through the whole chain."
    )
    return Finding(topic="Question", tone=_tone(question.value, FIDELITY[1][0], FIDELITY[0][0]), text=text)


def _state_faults(scores: Scores, tuned: ArmScores) -> Finding:
    kinds = ", ".join(f"{count} {kind}" for kind, count in tuned.failures.items())
    if not kinds:
        text = f"None of the {write_rows(tuned.rows)} shows a fault that a machine can see."
        return Finding(topic="Faults", tone="good", text=text)
    faulty = sum(row.arm == "tuned" and bool(row.failures) for row in scores.per_row)
    text = f"{faulty} of {tuned.rows} tuned answers show a fault that a machine can see: {kinds}. They are shown first."
    return Finding(topic="Faults", tone="mixed" if faulty / tuned.rows < LOW_RATE else "bad", text=text)


def _state_limits(scores: Scores, *, is_judged: bool) -> Finding:
    read = (
        "No human has read these answers; what language models made of them stands under Judges."
        if is_judged
        else "No human and no judge has read these answers."
    )
    text = (
        f"{read} Agreement is measured against a machine translation, whose own mistakes count as right; whether an answer "
        "is true, fluent or useful, only a reader can say. Read the samples."
    )
    if scores.rows < FEW_ROWS:
        text += f" With only {write_rows(scores.rows)} intervals are too narrow where answers differ as unevenly as they mostly do."
    return Finding(topic="Limits", tone="note", text=text)


def _find(scores: Scores, arm: str, metric: str) -> Estimate | None:
    """Return an arm's estimate where there is a value in it."""
    found = scores.arms[arm].metrics.get(metric) if arm in scores.arms else None
    return found if found is not None and found.value is not None else None


def _compare_base(scores: Scores, metric: str) -> str:
    """Say what a rate is of the base model, behind the tuned one's; "" where that is not known."""
    base = _find(scores, "base", metric)
    return "" if base is None else f"; of the base model's, {write_value(base, 'rate')}"


def _describe(estimate: Estimate, unit: Unit) -> str:
    if estimate.low is None:
        return write_value(estimate, unit)
    return f"{write_value(estimate, unit)} {write_interval(estimate, unit)}"


def _describe_difference(difference: Estimate) -> str:
    if difference.value is None:
        return ""
    text = f"; the difference is {write_value(difference, 'chrF++', is_difference=True)}"
    if difference.low is None or difference.high is None:
        return text
    text += f" {write_interval(difference, 'chrF++', is_difference=True)}"
    return text if difference.low > 0 or difference.high < 0 else f"{text}, which may be chance"


def _grade_agreement(value: float | None) -> str:
    return "no measurable" if value is None else next(word for least, word in AGREEMENT if value >= least)


def _grade_rate(estimate: Estimate, high: str, middle: str, low: str) -> str:
    value = estimate.value or 0.0
    return high if value >= HIGH_RATE else middle if value >= LOW_RATE else low


def _tone(value: float | None, low: float, high: float) -> Tone:
    if value is None:
        return "note"
    return "good" if value >= high else "mixed" if value >= low else "bad"
