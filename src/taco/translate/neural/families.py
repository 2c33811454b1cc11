"""How each family of models is told its languages.

| family | source | translation begins with | codes |
|---|---|---|---|
| nllb | eng_Latn, text, end | glg_Latn | FLORES-200 |
| m2m100 | __en__, text, end | __gl__ | mostly ISO 639-1 |
| madlad | <2gl>, text, end | nothing | BCP-47 |
| marian | >>glg<< where the model has several targets, text, end | nothing | mostly ISO 639-3 |
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from taco.errors import EngineError, RecipeError
from taco.languages.table import Language, find_language, list_keys, normalise_key
from taco.registry import suggest

_ALIASES = {"ns": "nso"}
"""Codes of M2M-100 that no standard has (its paper's table of languages)."""

_CODES_SHOWN = 40

_PAIR_NAME = re.compile(r"opus-mt-(?:tc-[a-z]+-)?([A-Za-z_]+)-([A-Za-z_]+)\Z")
"""How the Helsinki group names models of one pair: opus-mt-en-gl, opus-mt-tc-big-en-pt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One family.

    Attributes:
        name: As the option `family` calls it.
        mark: A language's token, with the code as its group.
        positions: Positions of its encoder and decoder where the model's own files do not say; None for no end.
        files: Names of tokenizer files, the one to use first.
        marks_source, marks_target: Where the marks stand: before the source its own language's, or the target's.
        begins_with_target: Whether the translation is made to begin with the target's mark.
    """

    name: Literal["nllb", "m2m100", "madlad", "marian"]
    mark: re.Pattern[str]
    positions: int | None
    files: tuple[str, ...]
    marks_source: bool = False
    marks_target: bool = False
    begins_with_target: bool = False


FAMILIES = (
    Family(
        name="nllb",
        mark=re.compile(r"([a-z]{3}_[A-Z][a-z]{3})"),
        positions=1024,
        files=("tokenizer.json", "sentencepiece.bpe.model"),
        marks_source=True,
        begins_with_target=True,
    ),
    Family(
        name="m2m100",
        mark=re.compile(r"__([a-z]{2,3})__"),
        positions=1024,
        files=("sentencepiece.bpe.model", "spm.model", "tokenizer.json"),
        marks_source=True,
        begins_with_target=True,
    ),
    Family(
        name="madlad",
        mark=re.compile(r"<2([\w-]+)>"),
        positions=None,
        files=("tokenizer.json", "spiece.model", "sentencepiece.model"),
        marks_target=True,
    ),
    Family(name="marian", mark=re.compile(r">>(\S+?)<<"), positions=512, files=("source.spm",), marks_target=True),
)
"""Every family."""


@dataclass(frozen=True, slots=True)
class Route:
    """How a model is told a pair of languages.

    Attributes:
        before: Token before the source's text, "" for none.
        begins_with: Token that the translation begins with, "" for none.
        name: For the signature: the codes, as the model writes them.
    """

    before: str
    begins_with: str
    name: str


def detect_family(vocabulary: Iterable[str], files: Collection[str], *, where: str) -> Family:
    """Recognise a model by the language tokens of its vocabulary, or by its files.

    Args:
        vocabulary: Its tokens.
        files: Names of its files.
        where: The model, for the message.

    Raises:
        EngineError: It is of no known family.
    """
    marian = find_family("marian")
    if marian.files[0] in files:
        return marian
    counts = {family.name: 0 for family in FAMILIES}
    for token in vocabulary:
        for family in FAMILIES:
            counts[family.name] += family.mark.fullmatch(token) is not None
    name, count = max(counts.items(), key=lambda pair: pair[1])
    if not count:
        raise EngineError(
            f"{where} is no translation model of a known family: its vocabulary has no token for a language.",
            hint=f"Known families: {', '.join(family.name for family in FAMILIES)}. An OPUS model needs its source.spm "
            "beside it; for others set translate.options.family.",
        )
    return find_family(name)


def find_family(name: str) -> Family:
    """Return the family of a name.

    >>> find_family("madlad").begins_with_target
    False
    """
    return next(family for family in FAMILIES if family.name == name)


def find_route(
    family: Family,
    vocabulary: Iterable[str],
    *,
    source: Language,
    target: Language,
    codes: tuple[str | None, str | None] = (None, None),
    model: str,
) -> Route:
    """Find how a model is told a pair.

    Args:
        family: Its family.
        vocabulary: Its tokens.
        source, target: The pair.
        codes: The model's codes for both, where the recipe gives them.
        model: What the model is called, for messages, and for OPUS models to tell their pair.

    Raises:
        EngineError: The model does not know one of the languages, or it is not certain that it does.
    """
    marks = {found[1]: token for token in vocabulary if (found := family.mark.fullmatch(token))}
    if family.name == "marian" and not marks:
        check_pair(model, source=source, target=target, confirmed=codes[1])
        return Route("", "", f"{source.code}-{target.code}")
    target_code = find_code(target, marks, asked=codes[1], model=model)
    if not family.marks_source:
        return Route(marks[target_code], "", f"{source.code}-{target_code}")
    source_code = find_code(source, marks, asked=codes[0], model=model)
    return Route(marks[source_code], marks[target_code], f"{source_code}-{target_code}")


def find_code(language: Language, marks: Mapping[str, str], *, asked: str | None, model: str) -> str:
    """Return the code by which a model knows a language.

    Args:
        language: The language.
        marks: The model's codes and the tokens for them.
        asked: The code that the recipe gives, None where it gives none.
        model: What the model is called.

    Raises:
        EngineError: The model does not know it.
    """
    if asked is not None:
        if asked in marks:
            return asked
        raise _make_unknown(f"the code {asked!r}", asked, marks, model)
    own = {key for _, key in list_keys(language)}
    near = [code for code in marks if {normalise_key(code), normalise_key(code).partition("-")[0]} & own]
    near += [code for code, alias in _ALIASES.items() if code in marks and alias == language.code]
    fitting = [code for code in near if _means(code, language)]
    if not fitting:
        raise _make_unknown(language.name, language.nllb or language.code, marks, model)
    order = (language.nllb, language.code, language.iso639_3, language.iso639_1)
    return min(fitting, key=lambda code: (order.index(code) if code in order else len(order), len(code), code))


def check_pair(model: str, *, source: Language, target: Language, confirmed: str | None) -> None:
    """Check that an OPUS model of one pair translates the pair that is asked for, as far as its name says.

    Raises:
        EngineError: It is for another pair, or its name does not say and the recipe does not confirm it.

    >>> from taco.languages.table import find_language
    >>> check_pair("x/opus-mt-en-gl", source=find_language("en"), target=find_language("gl"), confirmed=None)
    """
    if confirmed is not None and _means(confirmed, target):
        return
    found = _PAIR_NAME.search(model.partition("@")[0])
    if found is None:
        raise EngineError(
            f"Nothing in {model} says which pair it translates: it has no tokens for languages and is not called "
            "opus-mt-en-...",
            hint=f'If it translates into {target.name}, say so: translate.options.target_code = "{target.code}".',
        )
    if not (_means(found[1], source) and _means(found[2], target)):
        raise EngineError(
            f"{model} translates from {found[1]} into {found[2]}, not from {source.name} into {target.name}.",
            hint="Use the model of this pair, or one of several targets.",
        )


def _means(code: str, language: Language) -> bool:
    try:
        return find_language(_ALIASES.get(code, code)) == language
    except RecipeError:
        return False


def _make_unknown(what: str, code: str, marks: Mapping[str, str], model: str) -> EngineError:
    codes = sorted(marks)
    shown = ", ".join(codes[:_CODES_SHOWN]) + (f" and {len(codes) - _CODES_SHOWN} more" * (len(codes) > _CODES_SHOWN))
    return EngineError(
        f"{model} does not know {what}{suggest(code, codes)}",
        hint=f"Its codes: {shown}. Set translate.options.target_code (or english_code) to one of them, or use another model.",
    )
