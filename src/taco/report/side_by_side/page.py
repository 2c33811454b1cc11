"""The page of several runs: one file, no script, nothing loaded from anywhere."""

from __future__ import annotations

from taco import __version__
from taco.report.markup import element
from taco.report.page import write_document
from taco.report.side_by_side.answers import show_answers
from taco.report.side_by_side.benchmarks import show_benchmarks
from taco.report.side_by_side.content import SideBySide
from taco.report.side_by_side.differences import show_differences
from taco.report.side_by_side.figures import show_compositions, show_headlines
from taco.report.side_by_side.filters import write_filter_rules
from taco.report.side_by_side.numbers import show_failures, show_numbers
from taco.report.side_by_side.provenance import show_provenance, show_runs

CHAPTERS = (
    ("runs", "Runs"),
    ("short", "In short"),
    ("differences", "Differences"),
    ("made-of", "Make-up"),
    ("failures", "Failures"),
    ("answers", "Answers"),
    ("benchmarks", "Benchmarks"),
    ("numbers", "Numbers"),
    ("provenance", "Provenance"),
)


def render_side_by_side(content: SideBySide, *, json_name: str) -> str:
    """Render several runs as a page of HTML.

    Args:
        content: The runs.
        json_name: Name of the file with the same content, which lies beside the page.
    """
    languages = ", ".join(dict.fromkeys(run.language.name for run in content.runs))
    header = element(
        "header",
        element("p", "taco report", class_="kicker"),
        element("h1", f"{len(content.runs)} runs side by side"),
        element(
            "p",
            f"{languages}. {len(content.questions)} questions. The first run is what others are held against.",
            class_="lead",
        ),
    )
    main = element(
        "main",
        show_runs(content),
        show_headlines(content),
        show_differences(content),
        show_compositions(content),
        show_failures(content),
        show_answers(content),
        show_benchmarks(content),
        show_numbers(content),
        show_provenance(content),
    )
    return write_document(
        title=f"{', '.join(run.label for run in content.runs)} · taco report",
        header=header,
        chapters=[chapter for chapter in CHAPTERS if content.benchmarks or chapter[0] != "benchmarks"],
        main=main,
        footer=f"Written by taco {__version__}. The same as data: {json_name}.",
        rules=write_filter_rules(content),
    )
