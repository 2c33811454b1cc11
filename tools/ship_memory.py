"""Write src/taco/translate/shipped/LANGUAGE.jsonl.gz from a translation memory that holds nothing but the seed rows.

TACO_CACHE=$(mktemp -d) taco run recipes/quickstart.toml --set chain.length_rule=true --until translate
python tools/ship_memory.py MEMORY gl
"""

from __future__ import annotations

import gzip
import json
import sqlite3
import sys
from pathlib import Path

SHIPPED = Path(__file__).parents[1] / "src" / "taco" / "translate" / "shipped"


def main(memory: str, language: str) -> None:
    """Write the file, sorted by source text, so that equal memories give equal bytes."""
    with sqlite3.connect(memory) as base:
        engine, signature = base.execute(
            "SELECT id, signature FROM engine WHERE source = 'en' AND target = ? AND signature LIKE 'apertium%'",
            (language,),
        ).fetchone()
        query = "SELECT source_text, text, words, unknown_words FROM translation WHERE engine = ? ORDER BY source_text"
        rows = base.execute(query, (engine,)).fetchall()
    header = {
        "signature": signature,
        "keeps_slots": True,
        "note": "Machine translations of the seed rows (CC0) by Apertium; the Apertium data are GPL, their output is not.",
    }
    names = ("text_en", "text", "words", "unknown_words")
    lines = [header, *(dict(zip(names, row, strict=True)) for row in rows)]
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    (SHIPPED / f"{language}.jsonl.gz").write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    print(f"{len(rows)} texts by {signature}")


if __name__ == "__main__":
    main(*sys.argv[1:])
