"""Benchmarks that several runs answered: the same questions together, turn by turn."""

from __future__ import annotations

from collections.abc import Sequence

from taco.report.content import BenchmarkConversation, Report
from taco.report.conversations import NOTE, Voice, list_voices, show_conversation
from taco.report.markup import Child, Html, element
from taco.report.side_by_side.content import BenchmarkRating, SharedConversation, SideBySide
from taco.report.tables import make_table
from taco.report.wording import write_rating


def gather_benchmarks(reports: Sequence[Report]) -> tuple[SharedConversation, ...]:
    """Bring what runs said to the same question of the same benchmark together; a question in other words is another."""
    found: dict[tuple[object, ...], list[tuple[int, BenchmarkConversation]]] = {}
    for number, report in enumerate(reports):
        for answers in report.benchmarks:
            for one in answers.conversations:
                asked = tuple(turn.question for turn in one.turns)
                found.setdefault((answers.name, report.language.code, one.id, asked), []).append((number, one))
    return tuple(
        SharedConversation(
            benchmark=str(name),
            language=str(code),
            runs=tuple(number for number, _ in said),
            conversations=tuple(one for _, one in said),
        )
        for (name, code, *_), said in found.items()
    )


def gather_ratings(reports: Sequence[Report]) -> tuple[BenchmarkRating, ...]:
    """Return what judges gave each run's arms on each benchmark, all turns together and each alone."""
    return tuple(
        BenchmarkRating(
            benchmark=answers.name,
            run=number,
            arm=arm,
            judge=f"{judge} ({folder})",
            micro=scores.all.micro,
            macro=scores.all.macro,
            turns={turn: means.micro for turn, means in scores.turns.items()},
        )
        for number, report in enumerate(reports)
        for answers in report.benchmarks
        if answers.judged is not None
        for folder, judged in answers.judged.scores.items()
        for arm, voices in judged.systems.items()
        for judge, scores in voices.items()
    )


def show_benchmarks(content: SideBySide) -> Html | None:
    """Show all benchmarks; None where no run answered one."""
    if not content.benchmarks:
        return None
    languages = {run.language.code: run.language for run in content.runs}
    parts: list[Html | None] = []
    for name in dict.fromkeys(one.benchmark for one in content.benchmarks):
        parts += [element("h3", name), _tabulate(name, content)]
        parts += [
            show_conversation(
                _join_said(one),
                [_list_voices(one, turn, content) for turn in range(len(one.conversations[0].turns))],
                languages[one.language],
            )
            for one in content.benchmarks
            if one.benchmark == name
        ]
    return element("section", element("h2", "Benchmarks"), element("p", NOTE), *parts, id="benchmarks")


def _join_said(one: SharedConversation) -> BenchmarkConversation:
    """Return the question as one of the runs has it; in the training rows where it is in those of any."""
    return one.conversations[0].model_copy(update={"is_learnt": any(said.is_learnt for said in one.conversations)})


def _list_voices(one: SharedConversation, turn: int, content: SideBySide) -> list[Voice]:
    return [
        Voice(f"{voice.title}: {content.runs[run].label}", voice.class_, voice.answer, voice.reason)
        for run, said in zip(one.runs, one.conversations, strict=True)
        for voice in list_voices(said.turns[turn])
    ]


def _tabulate(name: str, content: SideBySide) -> Html | None:
    found = [one for one in content.ratings if one.benchmark == name]
    turns = sorted({turn for one in found for turn in one.turns})
    rows: list[list[Child]] = [
        [
            f"{one.arm}: {content.runs[one.run].label}",
            one.judge,
            write_rating(one.micro),
            write_rating(one.macro),
            *(write_rating(one.turns.get(turn)) for turn in turns),
        ]
        for one in found
    ]
    head = ["answers", "judge", "mean", "mean of categories", *(f"mean of turn {turn}" for turn in turns)]
    return make_table(head, rows, caption=f"{name}: what judges said, all turns and each alone") if rows else None
