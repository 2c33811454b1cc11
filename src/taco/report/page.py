"""The HTML page: one file, no script, nothing loaded from anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources

from taco.report.answers import show_answers
from taco.report.content import Report
from taco.report.conversations import show_benchmarks
from taco.report.figures import show_figures
from taco.report.filters import write_filter_rules
from taco.report.judges import show_judges
from taco.report.markup import Html, element, trust
from taco.report.repairs import show_repairs
from taco.report.round_trip import show_round_trip
from taco.report.summary import show_findings, show_header, show_headlines
from taco.report.tables import show_flow, show_measures, show_provenance

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
"""What the page may do: use its own styles. A browser would run no script even if one got in."""

CHAPTERS = (
    ("short", "In short"),
    ("findings", "How good?"),
    ("judges", "Judges"),
    ("figures", "Pictures"),
    ("answers", "Answers"),
    ("benchmarks", "Benchmarks"),
    ("numbers", "Numbers"),
    ("repairs", "Repairs"),
    ("round-trip", "Translations"),
    ("flow", "Rows and time"),
    ("provenance", "Provenance"),
)


def render_page(report: Report, *, json_name: str = "report.json") -> str:
    """Render a report as a page of HTML.

    Args:
        report: The report.
        json_name: Name of the file with the same content, which lies beside the page.
    """
    absent = {"round-trip"} if report.round_trip is None else set()
    absent |= {"judges"} if report.judged is None else set()
    absent |= set() if report.benchmarks else {"benchmarks"}
    repairs = show_repairs(report)
    absent |= {"repairs"} if repairs is None else set()
    main = element(
        "main",
        show_headlines(report),
        show_findings(report),
        show_judges(report),
        show_figures(report),
        show_answers(report),
        show_benchmarks(report),
        show_measures(report),
        repairs,
        show_round_trip(report),
        show_flow(report),
        show_provenance(report),
    )
    return write_document(
        title=f"{report.name}: {report.language.name} · taco report",
        header=show_header(report),
        chapters=[chapter for chapter in CHAPTERS if chapter[0] not in absent],
        main=main,
        footer=f"Written by taco {report.scores.signatures.get('taco', '')}. The same as data: {json_name}.",
        rules=write_filter_rules(report.samples),
    )


def write_document(
    *, title: str, header: Html, chapters: Sequence[tuple[str, str]], main: Html, footer: str, rules: str
) -> str:
    """Write a whole page.

    Args:
        title: What the browser calls it.
        header: Its head line.
        chapters: Id and title of each chapter.
        main: The chapters.
        footer: Its last line.
        rules: Style rules besides the page's own, without any text of a run.
    """
    links = (element("a", name, href=f"#{key}") for key, name in chapters)
    body = element(
        "body",
        element("a", "Skip to the numbers", href="#short", class_="skip"),
        header,
        element("nav", *links, aria_label="Chapters"),
        main,
        element("footer", footer),
    )
    return f"<!doctype html>\n{element('html', _make_head(title, rules), body, lang='en').text}\n"


def _make_head(title: str, rules: str) -> Html:
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="referrer", content="no-referrer"),
        element("title", title),
        element("style", trust(_read_style() + rules)),
    )


def _read_style() -> str:
    return resources.files("taco.report").joinpath("style.css").read_text(encoding="utf-8")
