"""Asking every judge of a panel about the same submissions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from taco.evaluate.judge.asking import Asker
from taco.evaluate.judge.book import FastChatPrompts, OwnPrompts, PromptBook
from taco.evaluate.judge.judge import Judge
from taco.evaluate.judge.judgement import Judgement, PairJudgement, Use
from taco.evaluate.judge.judging import Voice, judge_answers, judge_pairs
from taco.evaluate.judge.options import JudgeOptions
from taco.evaluate.judge.panel import Panelist
from taco.evaluate.judge.prompt import Scale
from taco.evaluate.judge.store import ReplyStore
from taco.evaluate.judge.submission import Submission
from taco.progress import Progress
from taco.remote.pace import Clock
from taco.store.memory import Budget


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What one judge said.

    Attributes:
        label: The judge's label.
        signature: All that decides its replies besides the prompts.
        prompts: Names and digests of its prompts.
        judgements: On single answers, in the order of the submissions.
        pairs: On two answers each.
        human: On the answers that people have scored.
    """

    label: str
    signature: str
    prompts: str
    judgements: tuple[Judgement, ...] = ()
    pairs: tuple[PairJudgement, ...] = ()
    human: tuple[Judgement, ...] = ()

    def list_uses(self) -> list[Use]:
        """Return what each verdict cost."""
        singles = [one.use for one in (*self.judgements, *self.human)]
        return singles + [one.use for one in self.pairs]


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Where replies are kept, and who pays.

    Attributes:
        store: The open store.
        budget: The account.
        progress: Where to say how far it is.
        clock: The time; None for the machine's own.
    """

    store: ReplyStore
    budget: Budget
    progress: Progress
    clock: Clock | None = None


def hear(
    panelist: Panelist,
    submissions: Sequence[Submission],
    *,
    human: Sequence[Submission],
    options: JudgeOptions,
    desk: Desk,
) -> Heard:
    """Let one judge judge all submissions, and those that people have scored.

    Raises:
        TacoError: The judge or the store cannot go on, or the budget is spent; what came back is stored.
    """
    judge = panelist.open()
    try:
        return _hear(panelist.label, judge, submissions, human=human, options=options, desk=desk)
    finally:
        judge.close()


def make_book(options: JudgeOptions, judge: Judge) -> PromptBook:
    """Return the prompts that a judge is asked with.

    Raises:
        DataError: The file of prompts cannot be used.
    """
    if options.prompts is not None:
        return FastChatPrompts(options.prompts, reference_categories=options.reference_categories)
    return OwnPrompts(
        is_rubric=options.mode == "rubric",
        form=judge.form,
        scale=Scale(options.lowest, options.highest),
        reference_categories=options.reference_categories,
    )


def _hear(
    label: str,
    judge: Judge,
    submissions: Sequence[Submission],
    *,
    human: Sequence[Submission],
    options: JudgeOptions,
    desk: Desk,
) -> Heard:
    book = make_book(options, judge)
    heard = Heard(label=label, signature=judge.signature, prompts=book.signature)
    asker = Asker(
        judge,
        desk.store,
        budget=desk.budget,
        attempts=options.attempts,
        progress=desk.progress,
        title=f"Judging ({label})",
        clock=desk.clock,
    )
    voice = Voice(label, judge.signature, book, asker)
    if options.mode == "pair":
        heard = replace(heard, pairs=tuple(judge_pairs(submissions, voice, options)))
    else:
        heard = replace(heard, judgements=tuple(judge_answers(submissions, voice, options)))
    if human:
        heard = replace(heard, human=tuple(judge_answers(human, voice, options)))
    return heard
