"""An audit as tables for the terminal, 80 columns wide."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from taco.evaluate.audit.run import Audit, SetAudit
from taco.report.audit.wording import list_remarks, name_overall, write_bounds, write_joint, write_mean, write_title
from taco.report.wording import write_plain

WIDTH = 80


def render_audit(audit: Audit) -> Group:
    """Render the tables, remarks and findings of every set, and what leads to all claims."""
    parts: list[RenderableType] = []
    for audited in audit.sets:
        parts += [_render_categories(audited), _render_overall(audited)]
        parts += [Text(write_plain(remark)) for remark in list_remarks(audited)]
        parts.append(Text())
    parts.append(_render_findings(audit))
    joint = write_joint(audit)
    if joint:
        parts.append(Text(write_plain(joint)))
    return Group(*parts, *(Text(line, style="dim") for line in _list_notes(audit)))


def _render_categories(audited: SetAudit) -> Table:
    table = Table(width=WIDTH, title=Text(write_plain(write_title(audited))), title_justify="left")
    table.add_column("category", overflow="fold", ratio=1)
    for title in ("n", "stored", "corrected", "interval"):
        table.add_column(title, justify="right", no_wrap=True)
    for category in audited.categories:
        table.add_row(
            Text(write_plain(category.name) or "(none)"),
            str(category.stored.n),
            write_mean(category.stored),
            write_mean(category.corrected),
            write_bounds(category.corrected),
        )
    return table


def _render_overall(audited: SetAudit) -> Table:
    table = Table(width=WIDTH)
    table.add_column("mean", overflow="fold", ratio=1)
    for title in ("stored", "corrected", "own answers"):
        table.add_column(title, justify="right", no_wrap=True)
    for mean in audited.overall:
        table.add_row(
            Text(name_overall(mean)),
            write_mean(mean.stored),
            f"{write_mean(mean.corrected)} {write_bounds(mean.corrected)}",
            f"{write_mean(mean.judged)} {write_bounds(mean.judged)}",
        )
    return table


def _render_findings(audit: Audit) -> RenderableType:
    if not audit.findings:
        return Text("Nothing wrong was found.")
    table = Table(width=WIDTH, title=f"{len(audit.findings)} findings", title_justify="left")
    table.add_column("set", overflow="fold", max_width=14)
    table.add_column("finding", no_wrap=True)
    table.add_column("id", overflow="fold", max_width=8)
    table.add_column("what", overflow="fold", ratio=1)
    for finding in audit.findings:
        table.add_row(*(Text(write_plain(text)) for text in (finding.set, finding.kind, finding.id, finding.detail)))
    return table


def _list_notes(audit: Audit) -> Iterator[str]:
    yield "stored: ratings as the file has them. corrected: what the judge's own text says."
    yield "own answers: corrected, without rows judged on another question's answer."
    yield f"Intervals: {audit.signature}."
