"""Ids that come twice or not at all, and fields of mixed types."""

from __future__ import annotations

from collections import Counter, defaultdict

from taco.evaluate.audit.finding import Finding
from taco.evaluate.audit.judgement import JudgementSet
from taco.evaluate.files.rows import LONGEST_NUMBER

NAMED = 8
"""Rows of the rarer type that are named."""


def find(judged: JudgementSet) -> list[Finding]:
    """Report duplicate and missing ids, rows without one, and fields of mixed types."""
    return [*_find_no_id(judged), *_find_duplicates(judged), *_find_missing(judged), *_find_mixed(judged)]


def _find_no_id(judged: JudgementSet) -> list[Finding]:
    return [
        Finding(kind="no-id", id="", set=judged.name, detail=f"{row.origin} has no id", evidence={"row": row.origin})
        for row in judged.rows
        if not row.id
    ]


def _find_duplicates(judged: JudgementSet) -> list[Finding]:
    rows = defaultdict(list)
    for row in judged.rows:
        rows[row.id].append(row)
    found = []
    for identity, alike in rows.items():
        if identity and len(alike) > 1:
            is_same = len({(row.answer, row.text, row.stored) for row in alike}) == 1
            detail = f"{len(alike)} rows have this id, {'all alike' if is_same else 'with different contents'}"
            evidence = {"rows": ", ".join(row.origin for row in alike)}
            found.append(Finding(kind="duplicate-id", id=identity, set=judged.name, detail=detail, evidence=evidence))
    return found


def _find_missing(judged: JudgementSet) -> list[Finding]:
    """Name ids that the questions or raw answers have, or that are left out between the lowest and the highest."""
    there = {row.id for row in judged.rows}
    expected = dict.fromkeys(judged.questions, "a question")
    expected |= dict.fromkeys(judged.answers, "a raw answer")
    numbers = sorted(int(one) for one in there if one.isdecimal() and len(one) <= LONGEST_NUMBER)
    if numbers and numbers[-1] - numbers[0] < 2 * len(numbers):
        for number in range(numbers[0], numbers[-1]):
            expected.setdefault(str(number), "neighbours")
    missing = sorted(set(expected) - there, key=lambda identity: (len(identity), identity))
    return [
        Finding(kind="missing-id", id=identity, set=judged.name, detail=f"there is {expected[identity]}, no judgement")
        for identity in missing
    ]


def _find_mixed(judged: JudgementSet) -> list[Finding]:
    found = []
    for name in dict.fromkeys(name for row in judged.rows for name in row.types):
        kinds = Counter(row.types[name] for row in judged.rows if name in row.types)
        if len(kinds) < 2:
            continue
        usual = kinds.most_common(1)[0][0]
        odd = [row.id or row.origin for row in judged.rows if row.types.get(name, usual) != usual]
        shown = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
        named = " ".join(odd[:NAMED]) + (" ..." if len(odd) > NAMED else "")
        found.append(
            Finding(
                kind="mixed-types",
                id="",
                set=judged.name,
                detail=f"the field {name!r} holds {shown}",
                evidence={"field": name, "rarer": named},
            )
        )
    return found
