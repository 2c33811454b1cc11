"""The page of an audit holds all findings, and nothing that a file could put into it but text."""

import json
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path

from rich.console import Console

from taco.evaluate.audit.run import Audit, run_audit
from taco.measure.bootstrap import Bootstrap
from taco.report.audit.page import render_audit_page
from taco.report.audit.terminal import render_audit

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'></style></title>\x1b[31m\u202e{{7*7}}"


class Reader(HTMLParser):
    """The tags and texts of a page."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.names: set[str] = set()
        self.texts: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.names.update(name for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def audit_hostile(folder: Path) -> Audit:
    rows = [
        {
            "id": f"{number} {HOSTILE}",
            "answer": HOSTILE,
            "judgement": f"{HOSTILE} Rating: [[{number}]]",
            "rating": 9,
            "category": HOSTILE,
        }
        for number in (7, 8)
    ]
    path = folder / "judgements.json"
    path.write_text(json.dumps(rows), encoding="utf-8")
    return run_audit(path, bootstrap=Bootstrap(samples=100, confidence=0.95, seed=1), language_name="gl", claims=["90"])


def test_hostile_files_stay_text_on_the_page(tmp_path: Path) -> None:
    audit = audit_hostile(tmp_path)
    page = render_audit_page(audit)
    read = Reader(page)
    assert {finding.kind for finding in audit.findings} == {"wrong-rating", "stale-rating", "stale-answer"}
    assert not read.tags & {"script", "img", "link", "iframe", "object", "base", "a"}
    assert not any(name.startswith("on") or name in ("src", "href") for name in read.names)
    assert sum("<script>alert(1)</script>" in text for text in read.texts) >= 4
    assert "\x1b" not in page


def test_hostile_files_do_not_steer_the_terminal(tmp_path: Path) -> None:
    written = StringIO()
    Console(file=written, width=80).print(render_audit(audit_hostile(tmp_path)))
    shown = written.getvalue()
    assert "stale-rating" in shown
    assert "\x1b" not in shown
    assert "\u202e" not in shown


def test_every_finding_and_mean_is_on_the_page(tmp_path: Path) -> None:
    rows = [
        {"id": n, "answer": f"Answer number {n}.", "judgement": f"Rating: [[{n}]]", "rating": max(1, n - 1)}
        for n in range(1, 9)
    ]
    path = tmp_path / "judgements.json"
    path.write_text(json.dumps(rows), encoding="utf-8")
    audit = run_audit(path, bootstrap=Bootstrap(samples=100, confidence=0.95, seed=1), claims=["90"])
    text = " ".join(Reader(render_audit_page(audit)).texts)
    assert len(audit.findings) == 7
    for finding in audit.findings:
        assert finding.detail in text
    assert "4.500" in text
    assert "no subset of categories gives it" in text
