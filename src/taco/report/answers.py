"""The sample answers: question, reference and both answers side by side."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from taco.report.chart import ARM_TITLES
from taco.report.content import JudgeVerdict, LanguageFacts, Report, Sample, SampleAnswer, Sections
from taco.report.figures import name_language
from taco.report.filters import Numbering, has_fault, list_kinds, show_filters
from taco.report.markup import Html, element, join
from taco.report.samples import RANKED_BY

OPEN_FAULTY, OPEN_GOOD = 3, 3
"""Samples that are open when the page is opened: of those with a fault, each kind once; of those without."""

LONG_TEXT = 900
"""Characters from which a text gets a scroll bar of its own."""

_CODE = re.compile(r"(```.*?(?:```|\Z))", re.DOTALL)
"""Fenced code, which is shown in its own letters and from left to right in any language."""

FINISH_WORDS = {
    "stop": "ended by itself",
    "length": "token limit",
    "loop": "loop stopped",
    "label": "stopped at a second answer",
}


def show_answers(report: Report) -> Html:
    """Show all samples with their filters."""
    samples = report.samples
    if not samples:
        return element("section", element("h2", "Answers"), element("p", "There are no held-out rows."), id="answers")
    faulty = sum(has_fault(sample) for sample in samples)
    note = (
        f"Tuned answers with a fault come first ({faulty} of {len(samples)}), the worst before the others; then "
        "those without, the one that agrees most with its reference first. All texts are as the models wrote them."
    )
    numbering, open_ids = Numbering.of(samples), _choose_open(samples)
    shown = [
        _show_sample(sample, report.language, class_=numbering.classify(sample), is_open=sample.id in open_ids)
        for sample in samples
    ]
    return element(
        "section",
        element("h2", "Answers"),
        element("p", note),
        show_filters(samples),
        element("div", *shown),
        id="answers",
    )


def _show_sample(sample: Sample, language: LanguageFacts, *, class_: str, is_open: bool) -> Html:
    asked = list_asked(sample.reference)
    arms = [_show_answer(arm, answer, language, asked=asked) for arm, answer in sample.answers.items()]
    return element(
        "details",
        _show_summary(sample, language),
        element("div", _show_question(sample, language), class_="question"),
        element("div", _show_reference(sample, language), *arms, class_="columns"),
        element("p", f"row {sample.id}", class_="small"),
        class_=class_,
        open=is_open,
    )


def _show_summary(sample: Sample, language: LanguageFacts) -> Html:
    first_line = next(iter(sample.prompt.split("\n")), "")
    answer = sample.answers.get(RANKED_BY)
    badges = list_badges(answer) if answer else [element("span", "no tuned answer", class_="badge bad")]
    return element(
        "summary",
        element("span", first_line, class_="prompt", lang=language.code, dir=language.direction),
        element("span", element("span", sample.category or "no category", class_="badge"), *badges, class_="badges"),
    )


def _show_question(sample: Sample, language: LanguageFacts) -> Html:
    return join(
        [
            element("h3", f"Question in {language.name}"),
            show_text(sample.prompt, lang=language.code, direction=language.direction),
        ]
    )


def _show_reference(sample: Sample, language: LanguageFacts) -> Html:
    head = element(
        "header", element("h3", "reference"), element("span", "English row and its machine translation", class_="small")
    )
    shown = show_sections(sample.reference, language, asked=list_asked(sample.reference))
    return element("article", head, *shown, class_="answer reference")


def list_asked(reference: Sections) -> tuple[str, ...]:
    """Return the sections that an answer should have: those of the reference."""
    return tuple(name for name in Sections.model_fields if getattr(reference, name))


def _show_answer(arm: str, answer: SampleAnswer, language: LanguageFacts, *, asked: tuple[str, ...]) -> Html:
    head = element(
        "header",
        element("h3", ARM_TITLES.get(arm, arm)),
        element("span", *list_badges(answer), *map(show_rating, answer.verdicts), class_="badges"),
    )
    if answer.state in ("no-chain", "empty"):
        shown: list[Html] = [show_unlabelled(answer)]
    else:
        raw = element("details", element("summary", "raw text"), show_text(answer.text, direction="auto"), class_="raw")
        shown = [*show_sections(answer.sections, language, asked=asked), raw]
    beside = (show_failures(answer), show_verdicts(answer.verdicts))
    return element("article", head, *shown, *beside, class_=f"answer {arm}")


def show_sections(sections: Sections, language: LanguageFacts, *, asked: tuple[str, ...]) -> list[Html]:
    """Show the sections that were asked for, and any other that is there."""
    kinds = (
        ("instruction_en", "Instruction in English", "en", "ltr"),
        ("response_en", "Response in English", "en", "ltr"),
        ("response", f"Response in {language.name}", language.code, language.direction),
    )
    return [
        _show_section(number, title, getattr(sections, name), lang=lang, direction=direction)
        for number, (name, title, lang, direction) in enumerate(kinds, start=1)
        if name in asked or getattr(sections, name)
    ]


def _show_section(number: int, title: str, text: str, *, lang: str, direction: str) -> Html:
    body = show_text(text, lang=lang, direction=direction) if text else element("p", "missing", class_="absent")
    return element("section", element("h4", title), body, class_=f"part part-{number}")


def show_unlabelled(answer: SampleAnswer) -> Html:
    """Show an answer in which no section was found."""
    body = (
        show_text(answer.text, direction="auto")
        if answer.text.strip()
        else element("p", "nothing written", class_="absent")
    )
    return element("section", element("h4", "Whole answer, without sections"), body, class_="part part-whole")


def show_text(text: str, *, direction: str, lang: str | None = None) -> Html:
    """Show a text as it is, line breaks kept; a long one scrolls."""
    is_long = len(text) > LONG_TEXT
    pieces = (
        element("span", piece, class_="code", dir="ltr") if is_code else piece
        for piece, is_code in zip(_CODE.split(text), itertools.cycle((False, True)), strict=False)
    )
    class_ = "text long" if is_long else "text"
    return element("div", *pieces, class_=class_, lang=lang, dir=direction, tabindex="0" if is_long else None)


def show_failures(answer: SampleAnswer) -> Html | None:
    """Show what went wrong with an answer; None where nothing did."""
    if not answer.failures:
        return None
    rows = (element("li", element("strong", failure.kind), ": ", failure.detail) for failure in answer.failures)
    return element("ul", *rows, class_="faults")


def show_rating(verdict: JudgeVerdict) -> Html:
    """Show a rating as a badge."""
    score = "no rating" if verdict.score is None else f"{verdict.score:g}"
    return element("span", f"judge {score}", class_="badge")


def show_verdicts(verdicts: Sequence[JudgeVerdict]) -> Html | None:
    """Show what judges said about an answer; None where nobody judged it."""
    if not verdicts:
        return None
    shown = [
        element(
            "div",
            element("strong", verdict.judge),
            ": ",
            _write_verdict(verdict),
            show_text(verdict.explanation, direction="auto") if verdict.explanation.strip() else None,
        )
        for verdict in verdicts
    ]
    return element("details", element("summary", "verdicts"), *shown, class_="raw verdicts")


def _write_verdict(verdict: JudgeVerdict) -> str:
    axes = ", ".join(f"{axis} {value:g}" for axis, value in verdict.axes.items())
    score = f"no rating ({verdict.reason or 'none given'})" if verdict.score is None else f"{verdict.score:g}"
    return f"{score} ({axes})" if axes else score


def list_badges(answer: SampleAnswer) -> list[Html]:
    """Return state, ending, language and agreement of an answer as badges."""
    badges = [element("span", answer.state, class_=f"badge {'good' if answer.state == 'complete' else 'bad'}")]
    if answer.finish != "stop":
        badges.append(element("span", FINISH_WORDS.get(answer.finish, answer.finish), class_="badge bad"))
    if answer.language:
        badges.append(element("span", name_language(answer.language), class_="badge"))
    similarity = answer.values.get("chrf_reply")
    if similarity is not None:
        badges.append(element("span", f"chrF++ {similarity:.0f}", class_="badge"))
    return badges


def _choose_open(samples: Sequence[Sample]) -> set[str]:
    """Choose the first sample of each kind of fault, and the best ones."""
    by_kind: dict[str, str] = {}
    for sample in samples:
        if has_fault(sample):
            by_kind.setdefault(next(iter(list_kinds(sample)), ""), sample.id)
    good = [sample.id for sample in samples if not has_fault(sample)]
    return {*list(by_kind.values())[:OPEN_FAULTY], *good[:OPEN_GOOD]}
