"""The chat page: one document with its style and its script in it, and a policy that lets nothing else run."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from importlib import resources


@dataclass(frozen=True, slots=True)
class Page:
    """A page as it is sent.

    Attributes:
        html: The document.
        policy: Its Content-Security-Policy: this script and this style by their digests, calls to this server, no more.
    """

    html: str
    policy: str


def build_page() -> Page:
    """Put the page together.

    >>> page = build_page()
    >>> "http://" in page.html or "https://" in page.html
    False
    """
    folder = resources.files("taco.serve.page")
    html, style, script = (
        folder.joinpath(name).read_text(encoding="utf-8") for name in ("chat.html", "chat.css", "chat.js")
    )
    policy = (
        f"default-src 'none'; script-src '{_digest(script)}'; style-src '{_digest(style)}'; connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return Page(html.replace("/*STYLE*/", style).replace("/*SCRIPT*/", script), policy)


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
