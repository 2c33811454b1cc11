"""Submissions in, judgements out: what is asked of a judge, and what its verdicts mean."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from taco.evaluate.benchmark.question import EARLIER_TURN
from taco.evaluate.judge.asking import Asker, Outcome
from taco.evaluate.judge.book import PromptBook
from taco.evaluate.judge.judgement import NO_ANSWER, Choice, Judgement, PairJudgement, Use
from taco.evaluate.judge.options import JudgeOptions
from taco.evaluate.judge.prompt import JudgePrompt
from taco.evaluate.judge.submission import Submission

_WINNERS: Mapping[str, tuple[Choice, Choice]] = {
    "A": ("first", "second"),
    "B": ("second", "first"),
    "tie": ("tie", "tie"),
    "": ("", ""),
}
"""What a judge says -> who won, with the first system shown as A and as B."""


@dataclass(frozen=True, slots=True)
class Voice:
    """A judge that is ready to be asked.

    Attributes:
        label: What it is called in results.
        signature: All that decides its replies besides the prompts.
        book: Makes its prompts.
        asker: Asks it.
    """

    label: str
    signature: str
    book: PromptBook
    asker: Asker


def judge_answers(submissions: Sequence[Submission], voice: Voice, options: JudgeOptions) -> list[Judgement]:
    """Return one judgement for each submission, in order.

    Args:
        submissions: The answers.
        voice: The judge.
        options: What a missing answer counts as.

    Raises:
        TacoError: See `Asker.ask_all`.
    """
    prompts = [
        voice.book.make_single(one) if one.answer.strip() and not one.is_cut_off else None for one in submissions
    ]
    outcomes = voice.asker.ask_all([prompt for prompt in prompts if prompt is not None])
    lowest = options.lowest if options.missing == "lowest" else None
    return [
        _conclude_missing(one, voice.label, lowest)
        if prompt is None
        else _conclude(one, voice.label, prompt, outcomes[prompt.make_key(voice.signature)])
        for one, prompt in zip(submissions, prompts, strict=True)
    ]


def judge_pairs(submissions: Sequence[Submission], voice: Voice, options: JudgeOptions) -> list[PairJudgement]:
    """Return one judgement for each two systems and each question that both answered, asked in both orders.

    Arguments and errors are those of `judge_answers`.
    """
    pairs = list(_pair_up(submissions))
    book, label = voice.book, voice.label
    prompts = [
        (book.make_pair(first, second), book.make_pair(second, first)) if _is_open(first, second) else None
        for first, second in pairs
    ]
    outcomes = voice.asker.ask_all([prompt for both in prompts if both is not None for prompt in both])
    return [
        _conclude_closed(first, second, label, options)
        if both is None
        else _conclude_pair(first, second, label, both, [outcomes[prompt.make_key(voice.signature)] for prompt in both])
        for (first, second), both in zip(pairs, prompts, strict=True)
    ]


def sum_use(outcomes: Iterable[Outcome]) -> Use:
    """Add up what outcomes cost."""
    outcomes = list(outcomes)
    replies = [stored for outcome in outcomes for stored in outcome.replies]
    sent = [stored.reply.tokens_sent for stored in replies if stored.reply.tokens_sent is not None]
    written = [stored.reply.tokens_written for stored in replies if stored.reply.tokens_written is not None]
    return Use(
        replies=len(replies),
        unreadable=sum(outcome.unreadable for outcome in outcomes),
        tokens_sent=sum(sent) if sent else None,
        tokens_written=sum(written) if written else None,
        usd=round(sum(stored.usd for stored in replies), 8),
        snapshots=tuple(dict.fromkeys(stored.reply.snapshot for stored in replies if stored.reply.snapshot)),
    )


def _conclude(one: Submission, label: str, prompt: JudgePrompt, outcome: Outcome) -> Judgement:
    reading = outcome.reading
    return replace(
        _begin(one, label),
        prompt=prompt.name,
        score=reading.score,
        reason=reading.reason,
        axes=dict(reading.axes),
        explanation=reading.explanation,
        use=sum_use([outcome]),
    )


def _conclude_missing(one: Submission, label: str, lowest: float | None) -> Judgement:
    """Judge what is not sent; a turn that nobody could answer, as an earlier one failed, is never blamed on the system."""
    if one.is_cut_off:
        return replace(_begin(one, label), reason=EARLIER_TURN)
    return replace(_begin(one, label), score=lowest, reason=NO_ANSWER)


def _begin(one: Submission, label: str) -> Judgement:
    return Judgement(
        id=one.id,
        system=one.system,
        category=one.category,
        language=one.language,
        judge=label,
        prompt="",
        score=None,
        length=len(one.answer),
        turn=one.turn,
    )


def _pair_up(submissions: Sequence[Submission]) -> Iterator[tuple[Submission, Submission]]:
    systems = dict.fromkeys(one.system for one in submissions)
    by_system = {system: {(one.id, one.turn): one for one in submissions if one.system == system} for system in systems}
    for first, second in combinations(systems, 2):
        for place, one in by_system[first].items():
            if place in by_system[second]:
                yield one, by_system[second][place]


def _is_open(first: Submission, second: Submission) -> bool:
    """Whether a judge has anything to decide."""
    if first.is_cut_off or second.is_cut_off:
        return False
    answers = first.answer.strip(), second.answer.strip()
    return all(answers) and (answers[0] != answers[1] or first.earlier != second.earlier)


def _conclude_closed(first: Submission, second: Submission, label: str, options: JudgeOptions) -> PairJudgement:
    if first.is_cut_off or second.is_cut_off:
        return replace(_begin_pair(first, second, label), reason=EARLIER_TURN)
    has = bool(first.answer.strip()), bool(second.answer.strip())
    winner: Choice = "tie" if has[0] == has[1] else "first" if has[0] else "second"
    reason = "equal" if all(has) else NO_ANSWER
    if reason == NO_ANSWER and options.missing == "unscored":
        winner = ""
    return replace(_begin_pair(first, second, label), winner=winner, reason=reason)


def _conclude_pair(
    first: Submission,
    second: Submission,
    label: str,
    prompts: tuple[JudgePrompt, JudgePrompt],
    outcomes: Sequence[Outcome],
) -> PairJudgement:
    readings = [outcome.reading for outcome in outcomes]
    by_order = _WINNERS[readings[0].winner][0], _WINNERS[readings[1].winner][1]
    winner: Choice = "" if not all(by_order) else by_order[0] if by_order[0] == by_order[1] else "tie"
    return replace(
        _begin_pair(first, second, label),
        winner=winner,
        by_order=by_order,
        reason=next((reading.reason for reading in readings if reading.reason), ""),
        prompt=prompts[0].name,
        explanations=tuple(reading.explanation for reading in readings),
        use=sum_use(outcomes),
    )


def _begin_pair(first: Submission, second: Submission, label: str) -> PairJudgement:
    return PairJudgement(
        id=first.id,
        category=first.category,
        language=first.language,
        first=first.system,
        second=second.system,
        judge=label,
        prompt="",
        winner="",
        lengths=(len(first.answer), len(second.answer)),
        turn=first.turn,
    )
