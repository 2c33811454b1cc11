"""What every translated text must still have, checked on the whole text whatever made it.

Reasons, as they stand in dropped.jsonl: "empty-translation", "line-count", "layout-changed", "number-changed",
"span-lost", "span-gained"; "engine-refused" and "too-many-unknown-words" come from elsewhere in this stage.
"""

from __future__ import annotations

from collections import Counter

from taco.translate.segment import find_body
from taco.translate.spans import compare_numbers, find_kept, find_spans, has_spans

_INVENTED = ("`", "://")
"""Signs of code and addresses, which no translation has more of than its source."""


def check_text(source: str, target: str, *, keep: tuple[str, ...] = ()) -> tuple[str, str]:
    r"""Compare a text with its translation; return the reason to drop it and a detail, both "" where all is well.

    Args:
        source: The text.
        target: Its translation.
        keep: Texts that must stand in the translation as whole words as often as in the text.

    >>> check_text("a\nb 2", "x\ny 2"), check_text("a 2", "x 3")
    (('', ''), ('number-changed', "lost '2'; gained '3'"))
    """
    if source.strip() and not target.strip():
        return "empty-translation", ""
    before, after = source.split("\n"), target.split("\n")
    if len(before) != len(after):
        return "line-count", f"{len(before)} lines, {len(after)} after translation"
    starts = [find_body(line) for line in before]
    for number, (old, new, start) in enumerate(zip(before, after, starts, strict=True), start=1):
        if (start or not new or not old or new[0].isspace()) and _is_moved(old, new, start):  # most lines need no call
            return "layout-changed", f"line {number}: {old[:60]!r} -> {new[:60]!r}"
    lost, gained = compare_numbers(source, target)
    if lost or gained:
        return "number-changed", f"lost {', '.join(map(repr, lost[:5]))}; gained {', '.join(map(repr, gained[:5]))}"
    for text in _list_spans(before, starts) if has_spans(source) else ():
        if target.count(text) < source.count(text):
            return "span-lost", repr(text[:80])
    for sign in _INVENTED:
        if target.count(sign) > source.count(sign):
            return "span-gained", repr(sign)
    lost_texts = _count_kept(source, keep) - _count_kept(target, keep) if keep else None
    return ("span-lost", repr(min(lost_texts))) if lost_texts else ("", "")


def _list_spans(lines: list[str], starts: list[int]) -> dict[str, None]:
    """List the different spans of lines that are no numbers, in order; each line counts from its start."""
    found: dict[str, None] = {}
    for line, start in zip(lines, starts, strict=True):
        body = line[start:].rstrip()
        for first, end, kind in find_spans(body):
            if kind != "number":
                found[body[first:end]] = None
    return found


def _count_kept(text: str, keep: tuple[str, ...]) -> Counter[str]:
    return Counter(text[start:end] for start, end in find_kept(text, keep))


def _is_moved(old: str, new: str, start: int) -> bool:
    """Whether a line has lost its text, or the indentation and markers before it."""
    if not start:
        return bool(old) != bool(new) or new[:1].isspace()
    if not old.strip() or not new.strip():
        return bool(old.strip()) != bool(new.strip())
    return not new.startswith(old[:start]) or new[start : start + 1].isspace()
