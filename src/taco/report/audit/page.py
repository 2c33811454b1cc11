"""An audit as one HTML page: no script, nothing loaded from anywhere, every text that was read escaped."""

from __future__ import annotations

from importlib import resources

from taco.evaluate.audit.finding import Finding
from taco.evaluate.audit.run import Audit, SetAudit
from taco.report.audit.wording import list_remarks, name_overall, write_bounds, write_joint, write_mean, write_title
from taco.report.markup import Child, Html, element, trust
from taco.report.page import POLICY
from taco.report.tables import make_table


def render_audit_page(audit: Audit) -> str:
    """Render an audit as a page of HTML."""
    body = element(
        "body",
        element("header", element("h1", "Audit of judgements"), element("p", _summarise(audit), class_="lead")),
        element(
            "main", _show_findings(audit), *(_show_set(audited) for audited in audit.sets), _show_provenance(audit)
        ),
        element("footer", f"Written by taco {audit.taco}. The same as data: taco audit --json."),
    )
    return f"<!doctype html>\n{element('html', _make_head(), body, lang='en').text}\n"


def _make_head() -> Html:
    style = resources.files("taco.report").joinpath("style.css").read_text(encoding="utf-8")
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="referrer", content="no-referrer"),
        element("title", "Audit of judgements · taco"),
        element("style", trust(style)),
    )


def _summarise(audit: Audit) -> str:
    rows = sum(audited.rows for audited in audit.sets)
    return (
        f"{len(audit.findings)} findings in {rows} judgements of {len(audit.sets)} sets. {write_joint(audit)}".strip()
    )


def _show_findings(audit: Audit) -> Html:
    rows: list[list[Child]] = [
        [f"{finding.kind}", finding.set, finding.id, finding.detail, _show_evidence(finding)]
        for finding in audit.findings
    ]
    table = make_table(["finding", "set", "id", "what", "evidence"], rows, caption="What is wrong in the files")
    empty = element("p", "Nothing wrong was found.")
    return element("section", element("h2", "Findings"), table if rows else empty, id="findings")


def _show_evidence(finding: Finding) -> Html:
    pairs = [
        element("li", f"{name.replace('_', ' ')}: ", element("bdi", text)) for name, text in finding.evidence.items()
    ]
    return element("details", element("summary", "show"), element("ul", *pairs))


def _show_set(audited: SetAudit) -> Html:
    categories: list[list[Child]] = [
        [
            category.name or "(none)",
            str(category.stored.n),
            write_mean(category.stored),
            write_mean(category.corrected),
            write_bounds(category.corrected),
        ]
        for category in audited.categories
    ]
    overall: list[list[Child]] = [
        [
            name_overall(mean),
            write_mean(mean.stored),
            write_bounds(mean.stored),
            write_mean(mean.corrected),
            write_bounds(mean.corrected),
            write_mean(mean.judged),
            write_bounds(mean.judged),
        ]
        for mean in audited.overall
    ]
    return element(
        "section",
        element("h2", write_title(audited)),
        make_table(["category", "n", "stored", "corrected", "interval"], categories, caption="Mean rating by category"),
        make_table(
            ["mean", "stored", "interval", "corrected", "interval", "own answers", "interval"],
            overall,
            caption="Means over all categories",
        ),
        *(element("p", remark) for remark in list_remarks(audited)),
    )


def _show_provenance(audit: Audit) -> Html:
    rows: list[list[Child]] = [[audited.path, element("code", audited.sha256)] for audited in audit.sets]
    return element(
        "section",
        element("h2", "Where the numbers come from"),
        element(
            "p",
            "Stored: ratings as the file has them. Corrected: what the judge's own text says. Own answers: corrected, "
            f"without rows judged on another question's answer. Intervals: {audit.signature}.",
        ),
        make_table(["file", "SHA-256"], rows, caption="Files"),
        id="provenance",
    )
