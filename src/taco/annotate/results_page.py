"""The results of a study as one HTML page: no script, nothing loaded from anywhere, every text that was read escaped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from taco.annotate.caveats import RELIABLE, TENTATIVE
from taco.annotate.chart import Line, draw_estimates
from taco.annotate.results import Agreement, AxisResult, JudgeResult, Results
from taco.annotate.wording import NOT_SHOWN, name_bias, name_slope, write_axis, write_both, write_title
from taco.languages.table import find_language
from taco.report.chart import frame_figure, key_mark, list_keys
from taco.report.markup import Child, Html, element
from taco.report.page import write_document
from taco.report.tables import make_table

CHAPTERS = (("short", "In short"), ("numbers", "Numbers"), ("provenance", "Provenance"))


def render_results(results: Results, *, json_name: str) -> str:
    """Render results as a page of HTML.

    Args:
        results: What was found.
        json_name: Name of the file with the same content, which lies beside the page.
    """
    header = element(
        "header",
        element("p", "taco annotate", class_="kicker"),
        element("h1", "How far people agree"),
        element("p", write_title(results), class_="lead"),
    )
    main = element(
        "main",
        _show_short(results),
        element(
            "section", element("h2", "Numbers"), *(_show_axis(axis, results) for axis in results.axes), id="numbers"
        ),
        _show_provenance(results),
    )
    return write_document(
        title=f"{write_title(results)} · taco annotate",
        header=header,
        chapters=CHAPTERS,
        main=main,
        footer=f"Written by taco {results.signatures.get('taco', '')}. The same as data: {json_name}.",
        rules="",
    )


def _show_short(results: Results) -> Html:
    warnings = element("ul", *(element("li", line) for line in results.warnings)) if results.warnings else None
    figures = [figure for axis in results.axes for figure in _list_figures(axis, results)]
    return element(
        "section",
        element("h2", "In short"),
        element("div", *figures, class_="figures"),
        element("p", NOT_SHOWN),
        warnings,
        id="short",
    )


def _list_figures(axis: AxisResult, results: Results) -> Iterator[Html]:
    keys = list_keys([(key_mark("tuned"), "people"), (key_mark("base"), "a judge")])
    agreements = [Line("all people", axis.alpha["ordinal"])]
    agreements += [Line(f"{one.first}, {one.second}", one.alpha["ordinal"]) for one in axis.pairs]
    agreements += [Line(f"people, {one.judge}", one.agreement.alpha["ordinal"], True) for one in axis.judges]
    yield frame_figure(
        f"Agreement: {axis.axis}",
        draw_estimates(
            agreements,
            title=f"Agreement on {axis.axis}",
            axis="Krippendorff's alpha, ordinal",
            ends=(0.0, 1.0),
            marks=(0.0, TENTATIVE, RELIABLE),
        ),
        keys,
        note=f"1 is perfect agreement, 0 chance. Broken lines: {TENTATIVE} and {RELIABLE}, Krippendorff's bounds for "
        "tentative and for firm conclusions. n: questions.",
    )
    biases = [line for judge in axis.judges for line in _list_biases(judge)]
    if biases:
        yield frame_figure(
            f"Bias of judges: {axis.axis}",
            draw_estimates(
                biases, title=f"Bias on {axis.axis}", axis=name_bias(results), ends=(-0.5, 0.5), marks=(0.0,)
            ),
            note="Right of zero the judge is milder than people are.",
        )
    if axis.systems:
        yield frame_figure(
            f"Systems: {axis.axis}",
            draw_estimates(
                [Line(system, estimate) for system, estimate in axis.systems.items()],
                title=f"Systems on {axis.axis}",
                axis="mean rating by people",
                ends=(results.lowest, results.highest),
            ),
        )


def _list_biases(judge: JudgeResult) -> Iterator[Line]:
    yield Line(judge.judge, judge.bias, True)
    for code, estimate in judge.by_language.items():
        yield Line(f"  {find_language(code).name}", estimate, True)
    for band in judge.by_length:
        yield Line(f"  {band.shortest} to {band.longest} characters", band.bias, True)


def _show_axis(axis: AxisResult, results: Results) -> Html:
    parts: list[Child] = [
        element("h3", axis.axis),
        element("p", write_axis(axis)),
        _show_agreement(axis),
        _show_raters(axis),
    ]
    if axis.systems:
        parts.append(_show_means("system", axis.systems, f"Systems on {axis.axis}"))
    if axis.differences:
        parts.append(_show_differences(axis))
    if axis.contests:
        parts.append(_show_contests(axis))
    if axis.judges:
        parts.append(_show_biases(axis, results))
    return element("div", *parts)


def _show_agreement(axis: AxisResult) -> Html:
    everyone: list[Child] = ["all people", str(axis.ratings)]
    everyone += [write_both(estimate) for estimate in axis.alpha.values()] + ["–"] * 4
    rows = [everyone]
    rows += [_list_agreement(one) for one in (*axis.pairs, *(judge.agreement for judge in axis.judges))]
    head = ["who", "ratings", *(f"alpha, {level}" for level in axis.alpha), "kappa", "linear", "quadratic", "tau-b"]
    return make_table(head, rows, caption=f"Agreement on {axis.axis}")


def _list_agreement(one: Agreement) -> list[Child]:
    estimates = [*one.alpha.values(), *one.kappa.values(), one.tau]
    return [f"{one.first}, {one.second}", str(one.shared), *map(write_both, estimates)]


def _show_raters(axis: AxisResult) -> Html:
    rows: list[list[Child]] = [
        [one.rater, f"{one.rated} of {one.asked}", write_both(one.mean), write_both(one.severity, is_signed=True)]
        for one in axis.raters
    ]
    return make_table(["rater", "rated", "mean", "minus others"], rows, caption=f"Raters on {axis.axis}")


def _show_means(what: str, means: Mapping[str, object], caption: str) -> Html:
    rows: list[list[Child]] = [[name, write_both(estimate)] for name, estimate in means.items()]  # type: ignore[arg-type]
    return make_table([what, "mean"], rows, caption=caption)


def _show_differences(axis: AxisResult) -> Html:
    rows: list[list[Child]] = [
        [
            f"{one.second} minus {one.first}",
            str(one.means.micro.n),
            write_both(one.means.micro, is_signed=True),
            "–" if one.p_micro is None else f"{one.p_micro:.4f}",
        ]
        for one in axis.differences
    ]
    return make_table(["systems", "questions", "difference", "p"], rows, caption=f"Differences on {axis.axis}")


def _show_contests(axis: AxisResult) -> Html:
    rows: list[list[Child]] = [
        [
            f"{one.second} against {one.first}",
            str(one.questions),
            f"{one.wins} / {one.ties} / {one.losses}",
            write_both(one.win_rate),
            "–" if one.p_value is None else f"{one.p_value:.4f}",
        ]
        for one in axis.contests
    ]
    return make_table(["systems", "questions", "won / tied / lost", "win rate", "p"], rows, caption="Comparisons")


def _show_biases(axis: AxisResult, results: Results) -> Html:
    rows: list[list[Child]] = []
    for judge in axis.judges:
        rows.append([judge.judge, "all", str(judge.bias.n), write_both(judge.bias, is_signed=True)])
        groups = {find_language(code).name: one for code, one in judge.by_language.items()} | judge.by_system
        groups |= {f"{band.shortest} to {band.longest} characters": band.bias for band in judge.by_length}
        rows += [[judge.judge, name, str(one.n), write_both(one, is_signed=True)] for name, one in groups.items()]
        rows.append([judge.judge, name_slope(results), str(judge.slope.n), write_both(judge.slope, is_signed=True)])
    return make_table(["judge", "answers", "n", name_bias(results)], rows, caption=f"Bias of judges on {axis.axis}")


def _show_provenance(results: Results) -> Html:
    rows: list[list[Child]] = [[path, element("code", digest)] for path, digest in results.inputs.items()]
    notes = [
        f"Intervals: {results.signatures.get('intervals', '')}.",
        f"p-values: {results.signatures.get('p-values', '')}.",
    ]
    if results.silent:
        notes.append(f"No sheet came back from {', '.join(results.silent)}.")
    notes += [f"On no sheet: {number} ({reason})." for reason, number in results.left_out.items()]
    return element(
        "section",
        element("h2", "Where the numbers come from"),
        *(element("p", note) for note in notes),
        make_table(["file", "SHA-256"], rows, caption="Files"),
        id="provenance",
    )
