"""How far two languages are from each other: by descent, by script, and by grammar where a file says so.

`families.tsv` holds one path for each language, from its family down to its branch, each group by its usual English name.
It is our own summary of what handbooks agree on (Glottolog 5 has the same groups with many more levels between them), so
that nothing has to be downloaded. Creoles stand under the language that most of their words are from; Esperanto, made from
several families, is "Constructed" and akin to none.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path

from taco.errors import DataError, RecipeError
from taco.languages.table import Language, find_language


@cache
def _list_paths() -> dict[str, tuple[str, ...]]:
    table = resources.files("taco.languages").joinpath("families.tsv").read_text(encoding="utf-8")
    rows = csv.DictReader(table.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    return {row["code"]: tuple(row["path"].split(" > ")) for row in rows}


def find_family(language: Language) -> tuple[str, ...]:
    """Return a language's groups, from its family down to its branch.

    >>> find_family(find_language("Galician"))[0], find_family(find_language("Galician"))[-1]
    ('Indo-European', 'Galician-Portuguese')
    """
    return _list_paths()[language.code]


def measure_kinship_distance(one: Language, other: Language) -> float:
    """Return 0 for a language with itself, 1 for languages of different families, else by the groups that they share.

    It is 1 - 2 s / (a + b + 2), where a and b are the numbers of groups on the two paths and s those at their beginning
    that are the same: the languages themselves count as the ends of the paths (Wu and Palmer 1994, on trees).

    >>> galician, spanish, english = map(find_language, ("gl", "es", "en"))
    >>> round(measure_kinship_distance(galician, spanish), 2), round(measure_kinship_distance(galician, english), 2)
    (0.25, 0.85)
    """
    if one.code == other.code:
        return 0.0
    a, b = find_family(one), find_family(other)
    shared = 0
    for left, right in zip(a, b, strict=False):
        if left != right:
            break
        shared += 1
    return round(1 - 2 * shared / (len(a) + len(b) + 2), 4)


def measure_script_distance(one: Language, other: Language) -> float:
    """Return 0 where both are written in the same script, else 1.

    >>> measure_script_distance(find_language("gl"), find_language("ne"))
    1.0
    """
    return float(one.script != other.script)


def read_distances(path: Path) -> Mapping[frozenset[str], float]:
    """Read distances between languages: lines of two languages and a number from 0 to 1, tabs between them.

    Returns:
        Pair of codes -> distance. Pairs that the file lacks, or gives as "-", are missing: unknown is not zero.

    Raises:
        DataError: The file is missing or a line is of another form.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            f"{path} cannot be read: {error}.", hint="tools/make_typology.py writes such a file."
        ) from error
    found: dict[frozenset[str], float] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        cells = line.split("\t")
        if len(cells) != 3:
            raise DataError(
                f"{path}:{number}: expected two languages and a number with tabs between them, found {line!r}."
            )
        if cells[2].strip() != "-":
            found[_read_pair(cells, f"{path}:{number}")] = _read_number(cells[2], f"{path}:{number}")
    return found


def _read_pair(cells: list[str], origin: str) -> frozenset[str]:
    try:
        return frozenset(find_language(name.strip()).code for name in cells[:2])
    except RecipeError as error:
        raise DataError(f"{origin}: {error.message}", hint=error.hint) from error


def _read_number(text: str, origin: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number <= 1:
        raise DataError(f"{origin}: expected a distance from 0 to 1, found {text!r}.")
    return number
