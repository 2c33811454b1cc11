"""The chapter on benchmarks: every question turn by turn, with what each arm said and what judges made of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from taco.report.answers import list_badges, show_rating, show_sections, show_text, show_unlabelled, show_verdicts
from taco.report.chart import ARM_TITLES
from taco.report.content import (
    BenchmarkAnswers,
    BenchmarkConversation,
    BenchmarkTurn,
    LanguageFacts,
    Report,
    SampleAnswer,
)
from taco.report.judges import list_notices, list_tables
from taco.report.markup import Child, Html, element, join
from taco.report.summary import show_finding

NOTE = (
    "What both arms said to benchmarks (taco answer). Later turns were asked in the same conversation, behind the arm's own "
    "earlier answers, of which it saw the target section alone. A turn behind one without an answer was not asked and is "
    "unscored, never zero."
)


NOT_LOOKED = "Whether the training rows hold this benchmark was not looked at: taco answer does, in its next run."


@dataclass(frozen=True, slots=True)
class Voice:
    """One answer to a turn, and what stands above it.

    Attributes:
        title: Who said it.
        class_: The arm.
        answer: What was said; None where nothing was.
        reason: Why nothing was.
    """

    title: Child
    class_: str
    answer: SampleAnswer | None
    reason: str


def show_benchmarks(report: Report) -> Html | None:
    """Show all benchmarks that a run answered; None where it answered none."""
    if not report.benchmarks:
        return None
    shown = [_show_benchmark(answers, report.language) for answers in report.benchmarks]
    return element(
        "section", element("h2", "Benchmarks"), element("p", NOTE), *(part for part in shown if part), id="benchmarks"
    )


def show_conversation(
    conversation: BenchmarkConversation, voices: Sequence[Sequence[Voice]], language: LanguageFacts
) -> Html:
    """Show one question.

    Args:
        conversation: The question.
        voices: For each turn who said what.
        language: The target language.
    """
    turns = [
        _show_turn(turn, said, language, count=len(conversation.turns))
        for turn, said in zip(conversation.turns, voices, strict=True)
    ]
    first_line = conversation.turns[0].question.split("\n")[0]
    badges = [element("span", conversation.category or "no category", class_="badge")]
    if conversation.is_learnt:
        badges.append(element("span", "in the training rows", class_="badge bad"))
    if len(turns) > 1:
        badges.append(element("span", f"{len(turns)} turns", class_="badge"))
    badges += [
        element("span", f"turn {turn.number}: {reason}", class_="badge bad")
        for turn, said in zip(conversation.turns, voices, strict=True)
        for reason in dict.fromkeys(voice.reason for voice in said if voice.reason)
    ]
    return element(
        "details",
        element(
            "summary",
            element("span", first_line, class_="prompt", lang=language.code, dir=language.direction),
            element("span", *badges, class_="badges"),
        ),
        *turns,
        element("p", f"question {conversation.id}", class_="small"),
        class_="sample",
    )


def list_voices(turn: BenchmarkTurn) -> list[Voice]:
    """Return what a run's arms said to a turn."""
    arms = dict.fromkeys((*turn.answers, *turn.reasons))
    return [
        Voice(ARM_TITLES.get(arm, arm), arm, turn.answers.get(arm), turn.reasons.get(arm, ""))
        for arm in sorted(arms)  # "base" before "tuned" in every turn
    ]


def _show_benchmark(answers: BenchmarkAnswers, language: LanguageFacts) -> Html:
    if answers.fault:
        notice = element("p", f"Not shown: {answers.fault}", class_="absent")
        return join([element("h3", answers.name), notice])
    notices: Iterable[Html] = map(show_finding, list_notices(answers.judged)) if answers.judged else ()
    notices = list(notices)
    tables = [
        table
        for folder, scores in (answers.judged.scores.items() if answers.judged else ())
        for table in list_tables(folder, scores, language)
    ]
    conversations = [
        show_conversation(one, [list_voices(turn) for turn in one.turns], language) for one in answers.conversations
    ]
    return join(
        [
            element("h3", answers.name),
            element("p", answers.learnt or NOT_LOOKED, class_=None if answers.learnt else "absent"),
            element("ul", *notices, class_="findings panel") if notices else None,
            *tables,
            *conversations,
        ]
    )


def _show_turn(turn: BenchmarkTurn, voices: Sequence[Voice], language: LanguageFacts, *, count: int) -> Html:
    title = f"Question in {language.name}" if count == 1 else f"Turn {turn.number}, question in {language.name}"
    asked = element(
        "div",
        element("h3", title),
        show_text(turn.question, lang=language.code, direction=language.direction),
        class_="question",
    )
    articles = [_show_voice(voice, language) for voice in voices]
    if turn.reference:
        head = element("header", element("h3", "reference"))
        shown = show_text(turn.reference, direction="auto")
        articles.insert(0, element("article", head, shown, class_="answer reference"))
    return join([asked, element("div", *articles, class_="columns loose")])


def _show_voice(voice: Voice, language: LanguageFacts) -> Html:
    answer = voice.answer
    if answer is None:
        body = element("p", f"no answer: {voice.reason or 'not asked'}", class_="absent")
        return element("article", element("header", element("h3", voice.title)), body, class_=f"answer {voice.class_}")
    badges = [*list_badges(answer), *map(show_rating, answer.verdicts)]
    head = element("header", element("h3", voice.title), element("span", *badges, class_="badges"))
    is_bare = answer.state in ("no-chain", "empty")
    shown = [show_unlabelled(answer)] if is_bare else show_sections(answer.sections, language, asked=("response",))
    return element("article", head, *shown, show_verdicts(answer.verdicts), class_=f"answer {voice.class_}")
