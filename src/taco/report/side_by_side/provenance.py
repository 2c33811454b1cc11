"""What the runs are, in which options they differ, and where their numbers come from."""

from __future__ import annotations

from taco.report.markup import Child, Html, element
from taco.report.side_by_side.content import RunFacts, SideBySide
from taco.report.tables import make_table
from taco.report.wording import NOT_RECORDED, write_count


def show_runs(content: SideBySide) -> Html:
    """Show what the runs are and in which options they differ."""
    facts = make_table(
        ["run", "language", "base model", "translation", "learnt from", "held out", "template", "seed"],
        [_list_facts(run) for run in content.runs],
        caption="The runs",
    )
    labels = [run.label for run in content.runs]
    differing: Child = None
    if content.differing:
        rows: list[list[Child]] = [
            [name, *(element("code", value or NOT_RECORDED) for value in values)]
            for name, values in content.differing.items()
        ]
        table = make_table(["option", *labels], rows, caption="Options that are not alike in all recipes")
        differing = element(
            "details",
            element("summary", f"Options in which the recipes differ: {len(rows)}"),
            table,
            open=len(rows) <= 8,
        )
    return element("section", element("h2", "The runs"), facts, differing, id="runs")


def show_provenance(content: SideBySide) -> Html:
    """Show signatures, versions and digests of each run."""
    runs = [_show_run_provenance(run) for run in content.runs]
    return element(
        "section",
        element("h2", "Where the numbers come from"),
        element("p", "Differences between runs: ", content.signature, "."),
        *runs,
        id="provenance",
    )


def _list_facts(run: RunFacts) -> list[Child]:
    language = run.language
    return [
        run.label,
        f"{language.name} ({language.code}, {language.script})",
        run.base or NOT_RECORDED,
        run.engine or NOT_RECORDED,
        NOT_RECORDED if run.trained is None else f"{write_count(run.trained)} rows",
        write_count(run.scores.rows),
        run.scores.template or NOT_RECORDED,
        str(run.seed),
    ]


def _show_run_provenance(run: RunFacts) -> Html:
    scores = run.scores
    signed = [
        *((f"signature: {name}", text) for name, text in scores.signatures.items()),
        *((f"SHA-256 of {name}", digest) for name, digest in scores.inputs.items()),
        *((f"version: {name}", version) for name, version in run.versions.items()),
    ]
    rows: list[list[Child]] = [[name, element("code", text)] for name, text in signed]
    table = make_table(["what", "value"], rows, caption=f"Signatures of {run.label}")
    return element("details", element("summary", run.label), table)
