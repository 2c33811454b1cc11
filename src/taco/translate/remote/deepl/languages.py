"""What DeepL can translate, as its interface said on a day in 2026.

Source: the answer of GET /v3/languages that DeepL's own command line ships (github.com/DeepLcom/deepl-cli,
src/data/language-entries.ts), read on 2026-11-25. Which languages take tags and formality: DeepL's page "Languages
supported" of the same day; Hebrew and Vietnamese, on which it is not clear, count as without tags. Languages that taco's
table lacks are left out.
"""

from __future__ import annotations

from dataclasses import dataclass

from taco.errors import EngineError
from taco.languages.table import Language

DATE = "2026-11-25"
"""The day of this table."""

_WITH_TAGS = "ar bg cs da de el en es et fi fr hu id it ja ko lt lv nb nl pl pt ro ru sk sl sv tr uk zh-Hans zh-Hant"
_WITHOUT_TAGS = (
    "af an as ay az ba be bho bn br bs ca ceb ckb cy eo eu fa ga gl gn gu ha he hi hr ht hy ig is jv ka kk kmr kok ky "
    "la lb ln mai mg mi mk ml mn mr ms mt my ne oc om pa ps qu sa scn sq sr st su sw ta te tg th tk fil tn "
    "ts tt ur uz vi xh yi yue zu"
)

_SOURCE_CODES = {"zh-Hans": "ZH", "zh-Hant": "ZH", "kok": "GOM", "fil": "TL"}
_TARGET_CODES = {**_SOURCE_CODES, "zh-Hans": "ZH-HANS", "zh-Hant": "ZH-HANT", "en": "EN-US", "pt": "PT-BR"}

_TAGS = frozenset(_WITH_TAGS.split())
_ALL = _TAGS | frozenset(_WITHOUT_TAGS.split())


@dataclass(frozen=True, slots=True)
class Pair:
    """A pair of languages as DeepL calls them.

    Attributes:
        source: Code of the source language.
        target: Code of the target language; where DeepL wants a variant, the one with more speakers.
        takes_tags: Whether texts may hold XML tags. Languages that do not take them have no formality either.
    """

    source: str
    target: str
    takes_tags: bool


def find_pair(source: Language, target: Language) -> Pair:
    """Find DeepL's codes for a pair.

    Raises:
        EngineError: DeepL does not know one of the languages.
    """
    for language in (source, target):
        if language.code not in _ALL:
            raise EngineError(
                f"DeepL does not know {language.name} ({language.code}); on {DATE} it knew {len(_ALL)} of the languages "
                f"here: {', '.join(sorted(_ALL))}.",
                hint="Choose another engine.",
            )
    return Pair(
        source=_SOURCE_CODES.get(source.code, source.code.upper()),
        target=_TARGET_CODES.get(target.code, target.code.upper()),
        takes_tags=source.code in _TAGS and target.code in _TAGS,
    )
