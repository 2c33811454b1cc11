"""A picture of one language's scores: an SVG file that any browser or text processor shows."""

from __future__ import annotations

from taco.bench.options import COPY
from taco.bench.results import LanguageResult
from taco.evaluate.metric import Metric
from taco.report.chart import WIDTH
from taco.report.interval_chart import AXIS, ROW, TOP, Floor, Group, draw_intervals
from taco.report.markup import element, trust

_CHRF = Metric(
    name="chrf",
    title="Outputs against human references",
    unit="chrF++",
    better="higher",
    reads="answer",
    meaning="How many letter and word sequences the outputs share with the human translations.",
    absent="zero",
)
_ARM = "score"
_STYLE = """
svg { background: #fff; font-family: system-ui, "Noto Sans", sans-serif; }
text { font-size: 12px; fill: #5a626b; } .label { fill: #1b1f23; font-weight: 600; }
.rail { stroke: #eceae3; stroke-width: 10; } .grid { stroke: #dedbd2; } .floor { stroke: #c25a00; stroke-dasharray: 4 3; }
.whisker { stroke: #0072b2; stroke-width: 3; stroke-linecap: round; } .mark { fill: #0072b2; stroke: #fff; }
"""


def draw_scores(language: LanguageResult) -> str:
    """Draw the chrF++ of each engine with its interval, best first, and the copied source as a line."""
    scored = {engine.label: engine.scores["chrf"] for engine in language.engines if engine.scores}
    copied = scored.pop(COPY).value
    best_first = sorted(scored.items(), key=lambda score: -(score[1].value or 0.0))
    groups = [Group(label, {_ARM: estimate}) for label, estimate in best_first]
    figure = draw_intervals(
        groups,
        _CHRF,
        title=f"{language.name}: chrF++ of {language.texts} texts",
        floor=None if copied is None else Floor(copied, "source copied"),
    )
    height = TOP + ROW * len(groups) + AXIS
    # The figure is made for a page; its own file needs a name space and a style.
    drawing = element(
        "svg",
        element("style", trust(_STYLE)),
        figure,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {WIDTH} {height}",
        width=WIDTH,
        height=height,
    )
    return drawing.text + "\n"
