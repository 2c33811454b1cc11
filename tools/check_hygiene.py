"""Count the hostile rows of a file, draw a sample of them to judge by hand, and score the recogniser on judged rows.

    python tools/check_hygiene.py FILE                     classes and what becomes of their rows
    python tools/check_hygiene.py FILE --draw 50           50 flagged and 50 other rows, as text to read
    python tools/check_hygiene.py FILE --score LABELS.tsv  precision and recall on judged rows

LABELS.tsv holds a line for each judged row: its id, the stratum it was drawn from ("flagged" or "other"), its class by
hand ("none" for no class), whether a translation of the whole row would spoil it ("yes", "no"), and whether the texts
that stay in English are the right ones ("yes", "partly", "no", or "-" where none stays).
"""

from __future__ import annotations

import argparse
import csv
import random
from collections import Counter
from collections.abc import Sequence
from math import sqrt
from pathlib import Path
from typing import NamedTuple

from taco.records import Drop, Row
from taco.source.format import FORMATS, detect_format
from taco.source.hygiene.classes import CLASSES
from taco.source.hygiene.options import HygieneOptions
from taco.source.hygiene.sift import Sieve, find_classes
from taco.source.location import open_rows
from taco.source.normalise import make_row
from taco.source.options import SourceOptions

SEED = 17
NONE = "none"


class Label(NamedTuple):
    """A row judged by hand; see the module's docstring."""

    row_id: str
    stratum: str
    kind: str
    spoilt: str
    kept: str


def read_rows(path: Path) -> dict[str, Row]:
    """Return id -> row of a file without malformed rows; equal rows count once, as in the stage."""
    rows: dict[str, Row] = {}
    for found in open_rows(SourceOptions(path=str(path.resolve())), folder=Path.cwd()):
        assert isinstance(found.value, dict), found.origin
        for draft in FORMATS[detect_format(found.value) or ""].parse(found.value):
            row = make_row(draft, origin=found.origin)
            rows.setdefault(row.id, row)
    return rows


def show_counts(rows: dict[str, Row]) -> None:
    """Print for each class how many rows it names, and what becomes of them by default."""
    sieve = Sieve(HygieneOptions())
    named, dropped, kept = Counter[str](), Counter[str](), Counter[str]()
    for row in rows.values():
        outcome = sieve.sift(row)
        if isinstance(outcome, Drop):
            kind = outcome.reason.removeprefix("hostile-")
            dropped[kind] += 1
        elif outcome.hostile:
            kind = outcome.hostile
            kept[kind] += bool(outcome.keep)
        else:
            continue
        named[kind] += 1
    print("| class | action | rows | kept in English | dropped |\n|---|---|---|---|---|")
    for kind in CLASSES:
        name = kind.name
        print(f"| `{name}` | {kind.action} | {named[name]} | {kept[name]} | {dropped[name]} |")
    print(f"| all | | {named.total()} of {len(rows)} | {kept.total()} | {dropped.total()} |")


def draw(rows: dict[str, Row], count: int) -> None:
    """Print flagged rows and others, as many of each, in random order within each stratum."""
    sieve = Sieve(HygieneOptions())
    flagged = sorted(row_id for row_id, row in rows.items() if find_classes(row))
    others = sorted(rows.keys() - set(flagged))
    generator = random.Random(SEED)  # noqa: S311
    for stratum, ids in (("flagged", flagged), ("other", others)):
        for row_id in generator.sample(ids, min(count, len(ids))):
            row = rows[row_id]
            outcome = sieve.sift(row)
            end = (
                f"{outcome.reason}: {outcome.detail}"
                if isinstance(outcome, Drop)
                else f"{outcome.hostile} {outcome.keep}"
            )
            print(
                f"## {row_id} {stratum}\nINSTRUCTION {row.instruction}\nINPUT {row.input}\nRESPONSE {row.response}\n-> {end}\n"
            )


def score(rows: dict[str, Row], labels: Sequence[Label]) -> None:
    """Print precision, recall weighted by the sizes of the strata, and how often the class is right."""
    found = {label.row_id: find_classes(rows[label.row_id]) for label in labels}
    flagged = [label for label in labels if found[label.row_id]]
    right = [label for label in flagged if label.kind != NONE]
    print("precision:", _show_share(len(right), len(flagged)))
    print("  of these with the class by hand:", _show_share(sum(x.kind in found[x.row_id] for x in right), len(right)))
    print("  spoilt by translation:", _show_share(sum(label.spoilt == "yes" for label in flagged), len(flagged)))
    others = [label for label in labels if label.stratum == "other"]
    missed = sum(label.kind != NONE and not found[label.row_id] for label in others)
    print("hostile among the others:", _show_share(missed, len(others)))
    total = sum(bool(find_classes(row)) for row in rows.values())
    true, lost = total * len(right) / len(flagged), (len(rows) - total) * missed / len(others)
    print(f"recall, weighted by the {total} flagged and {len(rows) - total} other rows: {true / (true + lost):.3f}")
    print("texts that stay:", dict(Counter(label.kept for label in labels if label.stratum == "flagged")))


def _show_share(part: int, whole: int) -> str:
    """Return a share with its 95 % interval (Wilson, 1927)."""
    z, share = 1.96, part / whole
    centre = (share + z * z / (2 * whole)) / (1 + z * z / whole)
    half = z / (1 + z * z / whole) * sqrt(share * (1 - share) / whole + z * z / (4 * whole * whole))
    return f"{part}/{whole} = {share:.3f} [{centre - half:.3f}, {centre + half:.3f}]"


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--draw", type=int, metavar="N")
    parser.add_argument("--score", type=Path, metavar="LABELS")
    arguments = parser.parse_args()
    rows = read_rows(arguments.file)
    if arguments.draw:
        draw(rows, arguments.draw)
    elif arguments.score:
        with arguments.score.open(encoding="utf-8", newline="") as file:
            score(rows, [Label(*line) for line in csv.reader(file, delimiter="\t")][1:])
    else:
        show_counts(rows)


if __name__ == "__main__":
    main()
