"""The table of languages, and how a language is found by any of its codes or names.

The table itself is `languages.tsv`: one language a row, English first, then by name. Where its columns come from:

- the 132 targets, their names, file stems and codes: the file names of the authors' MITS data (TaCo, arXiv 2311.10797),
  Google Translate's language list of 2023, ISO 639 and the NLLB-200 code list;
- iso639_3: the individual language where ISO 639-3 has a macrolanguage too; the macrolanguage's code is an alias;
- script: of Google's output, for other languages the usual one (ISO 15924);
- autonyms and digits: checked against Unicode CLDR 47, which lacks some of these languages. Where a language is written
  with ASCII digits and with its own, its own are given, unless they are out of everyday use (Tamil, Telugu, Malayalam);
- google is empty for languages outside that list of 2023, nllb for languages outside NLLB-200;
- relatives: our own judgement of what a text is mistaken for: close kin first, then neighbours of the same script.
"""

from __future__ import annotations

import csv
import difflib
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cache
from importlib import resources

from taco.errors import RecipeError


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """One language.

    Attributes:
        code: BCP-47 tag, the one that taco writes everywhere: "gl", "zh-Hans", "mni".
        iso639_1: Two letters, or "".
        iso639_3: Three letters.
        name: English name.
        autonym: Its own name for itself, in its own script.
        script: ISO 15924.
        direction: "ltr" or "rtl".
        digits: The ten digits, zero first, that are usual in its text.
        google: Code of Google Translate, or "" where that does not know it.
        nllb: Code of NLLB-200, or "" where that does not know it. Its script may be another one (mni_Beng).
        mits: Stem of the file name in the authors' MITS data, or "".
        aliases: Further codes and names.
        relatives: Codes of the languages that its texts are mistaken for; see the module's docstring.
    """

    code: str
    iso639_1: str
    iso639_3: str
    name: str
    autonym: str
    script: str
    direction: str
    digits: str
    google: str
    nllb: str
    mits: str
    aliases: tuple[str, ...]
    relatives: tuple[str, ...]


@cache
def all_languages() -> tuple[Language, ...]:
    """Return every language of the table, English first, then by name."""
    table = resources.files("taco.languages").joinpath("languages.tsv").read_text(encoding="utf-8")
    return tuple(
        _read_language(row) for row in csv.DictReader(table.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    )


def _read_language(row: dict[str, str]) -> Language:
    aliases = tuple(alias for alias in row["aliases"].split("; ") if alias)
    texts = {field.name: row[field.name] for field in fields(Language) if field.name not in ("aliases", "relatives")}
    return Language(**texts, aliases=aliases, relatives=tuple(row["relatives"].split()))


def find_language(name: str) -> Language:
    """Find a language by any code, name, autonym or alias; case, "-", "_", spaces and brackets do not matter.

    A region is passed over where it is not itself in the table ("pt-BR"), and so is the script that the language has
    in the table ("sr-Cyrl"). Another script is another language here, so "sr-Latn" is refused.

    Raises:
        RecipeError: There is no such language; the message offers the closest ones.

    >>> find_language("Galician").code, find_language("glg_Latn").code, find_language("PT-br").code
    ('gl', 'gl', 'pt')
    >>> find_language("zh").code, find_language("ku").code, find_language("sn").name
    ('zh-Hans', 'kmr', 'Shona')
    """
    key = normalise_key(name)
    keys = _index()
    found = keys.get(key) or _find_without_region(key)
    if found is None:
        raise RecipeError(
            f"There is no language {name!r} in the table{_suggest_languages(key)}",
            hint="`taco languages` lists all of them; `taco languages WORD` looks for one.",
        )
    return found


def normalise_key(name: str) -> str:
    """Fold what does not matter in a code or name: case, composition, brackets, dashes, underscores, apostrophes.

    >>> normalise_key("Chinese (Simplified)") == normalise_key("chinese_simplified")
    True
    """
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
    folded = re.sub("[ʻʼ’‘`´]", "'", folded)
    return re.sub(r"[\s_()（）\-‐‑–]+", "-", folded).strip("-")


def list_keys(language: Language) -> Iterator[tuple[int, str]]:
    """Yield (rank, key) for everything that leads to a language; a lower rank wins where two languages share a key.

    "zh" shows why: it is the ISO 639-1 code of both Chinese rows (rank 2), and an alias of one of them (rank 1).
    """
    yield 0, normalise_key(language.code)
    for alias in language.aliases:
        yield 1, normalise_key(alias)
    own = (language.iso639_1, language.iso639_3, language.google, language.nllb, language.mits, language.name)
    for text in (*own, language.nllb.partition("_")[0], language.autonym):
        if text:
            yield 2, normalise_key(text)


@cache
def _index() -> dict[str, Language]:
    claims = [(rank, key, language) for language in all_languages() for rank, key in list_keys(language)]
    index: dict[str, Language] = {}
    for _, key, language in sorted(claims, key=lambda claim: claim[0]):
        index.setdefault(key, language)
    return index


_TAG = re.compile(r"(?P<language>[a-z]{2,3})(?:-(?P<script>[a-z]{4}))?(?:-(?:[a-z]{2}|[0-9]{3}))?")


def _find_without_region(key: str) -> Language | None:
    tag = _TAG.fullmatch(key)
    if tag is None:
        return None
    script = tag["script"]
    if script and (found := _index().get(f"{tag['language']}-{script}")):
        return found
    found = _index().get(tag["language"])
    return found if found and script in (None, found.script.casefold()) else None


def _suggest_languages(key: str) -> str:
    """Name up to three languages whose names or codes look like `key`, as the end of a sentence."""
    keys = _index()
    cutoff = 0.7 if len(key) > 3 else 0.65
    near = difflib.get_close_matches(key, keys, n=6, cutoff=cutoff)
    close = list(dict.fromkeys(f"{keys[match].name} ({keys[match].code})" for match in near))[:3]
    if not close:
        return "."
    return f"; did you mean {' or '.join([', '.join(close[:-1]), close[-1]] if close[1:] else close)}?"


ENGLISH = find_language("en")
"""The pivot of every chain."""
