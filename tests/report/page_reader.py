"""What a browser would make of a page, and whether anything in it could do harm."""

import re
from html.parser import HTMLParser

TAGS = re.findall(
    r"\S+",
    """
    html head meta title style body header main section nav footer article div span p ul li dl dt dd a br h1 h2 h3 h4
    strong code pre figure figcaption details summary table caption thead tbody tr th td fieldset legend input label
    meter svg g text tspan path circle rect line polyline desc
    """,
)
ATTRIBUTES = re.findall(
    r"\S+",
    """
    lang dir class id href charset content name http-equiv type checked for scope role tabindex open min max aria-label
    aria-hidden value viewbox x y x1 y1 x2 y2 cx cy r rx d dx width height points text-anchor transform
    """,
)
VOID = {"meta", "br", "input"}


class Page(HTMLParser):
    """What a browser would make of a page: its elements, attributes and text; fails where they do not nest."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.comments: list[str] = []
        self.feed(text)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    def find(self, tag: str, **wanted: str) -> list[dict[str, str | None]]:
        return [found for name, found in self.tags if name == tag and wanted.items() <= found.items()]

    @property
    def text(self) -> str:
        return "".join(self.texts)


def check_harmless(page: Page) -> None:
    """Check that there is nothing but the page's own elements and attributes, and nothing to load."""
    assert {tag for tag, _ in page.tags} <= set(TAGS)
    assert {name for _, attributes in page.tags for name in attributes} <= set(ATTRIBUTES)
    assert not page.comments
    assert all((link["href"] or "").startswith("#") for link in page.find("a"))
