"""Step-3 fidelity: whether the target section says what the answer's own English section says.

Nothing here can read the target language, so what is held against each other is what a faithful translation leaves as it
is: numbers in the digits of any script, URLs, e-mail addresses, inline code and names in capital letters such as "HTML".
They are counted as often as they occur. Whether the sentences around them were translated rightly, this cannot say; the
agreement of the target section with the reference's (`chrf_response`) and a judge say more, where the answer is worded
like the reference, or a judge reads the language.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

from taco.evaluate.case import Case
from taco.evaluate.metric import Family, Metric, Values

_ANCHOR = re.compile(
    r"(?P<address>(?:https?://|ftp://|www\.)[^\s<>()\[\]{}\"'`]*[^\s<>()\[\]{}\"'`.,;:!?]|[\w.+-]+@[\w-]+(?:\.[\w-]+)+)"
    r"|`(?P<code>[^`\n]+)`"
    r"|(?P<number>\d+(?:[.,٫٬'\u00a0\u202f]\d+)*)"
    r"|(?<![^\W_])(?P<name>[A-Z]{2,}(?:\d+|[A-Z])*)(?![^\W_])"
)
_FENCE = re.compile(r"^[ \t]*(?:```|~~~).*?(?:^[ \t]*(?:```|~~~)|\Z)", re.MULTILINE | re.DOTALL)
_LIST_NUMBER = re.compile(r"^[ \t]*\d{1,3}[.)](?=\s)", re.MULTILINE)

METRICS = (
    Metric(
        name="anchors_kept",
        title="Numbers, names and links kept in step 3",
        unit="share",
        better="higher",
        reads="response",
        meaning="Step-3 fidelity: share of the numbers, links, inline code and names in capitals of the answer's own "
        "English section that its target section has too. Answers without any in English are left out.",
        limits="Words are not compared, so a wrong sentence with the right numbers passes; numbers written out in words "
        "count as lost.",
        absent="zero",
        needs=("response_en",),
    ),
)


def measure(case: Case) -> Values:
    """Measure what step 3 kept of the answer's own English section."""
    english = find_anchors(case.parsed.response_en)
    if not english:
        return {"anchors_kept": None}
    kept = english & find_anchors(case.parsed.response)
    return {"anchors_kept": kept.total() / english.total()}


def find_anchors(text: str) -> Counter[str]:
    """Count what a translation leaves as it is; code blocks and the numbers of list lines are left out.

    >>> sorted(find_anchors("1. See `len` and HTML at www.x.org in २०२४: 1,000.5 m."))
    ['1000.5', '2024', 'HTML', 'len', 'www.x.org']
    """
    prose = _LIST_NUMBER.sub("", _FENCE.sub("", text))
    return Counter(
        _normalise_number(match["number"]) if match["number"] else match[match.lastgroup or 0]
        for match in _ANCHOR.finditer(prose)
    )


def _normalise_number(text: str) -> str:
    """Write a number in plain digits, without separators of thousands and with a dot before decimals.

    A separator with three digits behind it parts thousands; another one parts decimals.
    """
    plain = "".join(str(unicodedata.decimal(letter)) if letter.isdecimal() else letter for letter in text)
    parts = re.split(r"[.,٫٬'\u00a0\u202f]", plain)
    whole = parts[0]
    for part in parts[1:-1]:
        whole += part
    if len(parts) == 1:
        return whole
    return whole + parts[-1] if len(parts[-1]) == 3 else f"{whole}.{parts[-1]}"


FIDELITY = Family(METRICS, measure)
