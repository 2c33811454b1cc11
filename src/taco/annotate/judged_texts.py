"""Ratings out of judgement files that others wrote, such as the paper's release: joined by question and by the answer's own text.

Such files hold ratings that belong to another question's answer (docs/reproduce-the-paper.md). So a rating counts only where the
answer that the file holds is the very answer that people rated, white space aside. What counts as the rating is what the judge's
text says, as `taco audit` reads it, not the number stored beside it.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from taco.annotate.key import Key, Place
from taco.evaluate.audit.read import read_source

SHORT = 16


def digest_text(text: str) -> str:
    """Return what a text is recognised by: the start of the SHA-256 of it, composed, with every white space as one space.

    >>> digest_text("O ceo\\n é azul. ") == digest_text("O ceo é azul.")
    True
    """
    plain = " ".join(unicodedata.normalize("NFC", text).split())
    return hashlib.sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()[:SHORT]


def read_judged_texts(path: Path, key: Key) -> Iterator[tuple[str, Place, float]]:
    """Yield (judge, place, rating) for each rating of a judgement file that is on an answer of a study.

    Raises:
        DataError: The file cannot be read, or holds no judgements.
    """
    places: dict[tuple[str, str], list[Place]] = {}
    for sheet in key.sheets:
        for item in sheet.items:
            if len(item.systems) == 1:
                place: Place = (key.study, item.question, item.turn, item.systems)
                places.setdefault((item.question, item.digests[0]), []).append(place)
    for judged in read_source(path).sets:
        for row in judged.rows:
            if row.answer is None or row.corrected is None:
                continue
            for place in dict.fromkeys(places.get((row.id, digest_text(row.answer)), ())):
                yield judged.name, place, row.corrected
