"""The questions with the answers of all runs, sections and verdicts."""

from __future__ import annotations

from taco.report.answers import (
    list_asked,
    list_badges,
    show_rating,
    show_sections,
    show_text,
    show_unlabelled,
    show_verdicts,
)
from taco.report.content import LanguageFacts
from taco.report.filters import show_filter
from taco.report.markup import Html, element
from taco.report.side_by_side.content import Question, Reply, SideBySide
from taco.report.side_by_side.figures import show_label
from taco.report.side_by_side.filters import Classes, list_filters, list_kinds

OPEN = 1
"""Questions that are open when the page is opened."""


def show_answers(content: SideBySide) -> Html:
    """Show all questions with the filters."""
    if not content.questions:
        return element("section", element("h2", "Answers"), element("p", "There are no held-out rows."), id="answers")
    classes = Classes.of(content)
    languages = {run.language.code: run.language for run in content.runs}
    note = (
        "Each question once, with the reference and every different answer; an answer that several runs gave word for "
        "word stands there once. All texts are as the models wrote them."
    )
    filters = [show_filter(group) for group in list_filters(content, classes)]
    questions = [
        _show_question(question, languages[question.language], classes, is_open=place < OPEN)
        for place, question in enumerate(content.questions)
    ]
    count = element("p", class_="shown")
    return element(
        "section",
        element("h2", "Answers"),
        element("p", note),
        element("div", *filters, class_="filters panel") if filters else None,
        element("div", *questions, count, class_="counted"),
        id="answers",
    )


def _show_question(question: Question, language: LanguageFacts, classes: Classes, *, is_open: bool) -> Html:
    asked = list_asked(question.reference)
    replies = [_show_reply(reply, language, classes) for reply in question.replies]
    reference = element(
        "article",
        element(
            "header",
            element("h3", "reference"),
            element("span", "English row and its machine translation", class_="small"),
        ),
        *show_sections(question.reference, language, asked=asked),
        class_="answer reference",
    )
    return element(
        "details",
        _show_summary(question, language),
        element(
            "div",
            element("h3", f"Question in {language.name}"),
            show_text(question.prompt, lang=language.code, direction=language.direction),
            class_="question",
        ),
        element("div", reference, *replies, class_="columns loose"),
        element("p", f"row {question.id}", class_="small"),
        class_=classes.classify(question),
        open=is_open,
    )


def _show_summary(question: Question, language: LanguageFacts) -> Html:
    first_line = next(iter(question.prompt.split("\n")), "")
    kinds = dict.fromkeys(kind for reply in question.replies if reply.arm == "tuned" for kind in list_kinds(reply))
    badges = [element("span", kind, class_="badge bad") for kind in kinds]
    return element(
        "summary",
        element("span", first_line, class_="prompt", lang=language.code, dir=language.direction),
        element(
            "span",
            element("span", question.category or "no category", class_="badge"),
            element("span", language.name, class_="badge"),
            *badges,
            class_="badges",
        ),
    )


def _show_reply(reply: Reply, language: LanguageFacts, classes: Classes) -> Html:
    labels = [show_label(classes.labels[run]) for run in reply.runs]
    head = element(
        "header",
        element("h3", reply.arm, ": ", *_part(labels)),
        element("span", *list_badges(reply.answer), *map(show_rating, reply.verdicts), class_="badges"),
    )
    answer = reply.answer
    is_bare = answer.state in ("no-chain", "empty")
    shown = [show_unlabelled(answer)] if is_bare else show_sections(answer.sections, language, asked=reply.asked)
    if not is_bare and answer.state != "complete":
        raw = element("details", element("summary", "raw text"), show_text(answer.text, direction="auto"), class_="raw")
        shown = [*shown, raw]
    runs = " ".join(f"r{run}" for run in reply.runs)
    return element(
        "article",
        head,
        *shown,
        _show_failures(reply),
        show_verdicts(reply.verdicts),
        class_=f"answer reply {reply.arm} {runs}",
    )


def _show_failures(reply: Reply) -> Html | None:
    if not reply.failures:
        return None
    rows = (
        element(
            "li",
            element("strong", failure.kind),
            ": ",
            failure.detail,
            element("span", failure.text, class_="evidence", dir="auto") if failure.text else None,
        )
        for failure in reply.failures
    )
    return element("ul", *rows, class_="faults")


def _part(labels: list[Html]) -> list[Html | str]:
    """Put commas between."""
    return [part for place, label in enumerate(labels) for part in ((", ", label) if place else (label,))]
