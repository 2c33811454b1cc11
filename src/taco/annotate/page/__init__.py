"""A rating sheet as one HTML file: opened from a disk, without a network, it keeps its answers and exports them.

Texts reach the page as JSON in a block that no browser runs, and the document by textContent alone. Its policy lets nothing run
but its own script, and nothing be loaded or sent.
"""

from __future__ import annotations

import base64
import hashlib
import json
from importlib import resources

from taco.annotate.sheet import Sheet


def build_page(sheet: Sheet) -> str:
    """Put the page of a sheet together."""
    folder = resources.files("taco.annotate.page")
    html, style, script = (
        folder.joinpath(name).read_text(encoding="utf-8") for name in ("sheet.html", "sheet.css", "sheet.js")
    )
    policy = (
        f"default-src 'none'; script-src '{_digest(script)}'; style-src '{_digest(style)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    parts = {
        "POLICY": policy,
        "/*STYLE*/": style,
        "/*SCRIPT*/": script,
        "{/*SHEET*/}": embed({**sheet.model_dump(mode="json"), "digest": sheet.digest}),
    }
    for mark, text in parts.items():  # the sheet comes last: its texts may hold any of the marks
        html = html.replace(mark, text, 1)
    return html


def embed(value: object) -> str:
    """Write a value as JSON that cannot end the block it stands in.

    >>> embed("</script>&")
    '"\\\\u003c/script\\\\u003e\\\\u0026"'
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
