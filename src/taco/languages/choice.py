"""What there is to choose from for a target, and how two opinions become one distribution.

py3langid knows 140 languages from much text of many kinds; most low-resource languages are not among them. taco's own
n-gram profiles know 145 from one short text each. So each is asked what it is good at: the profiles say how probable
the languages are that py3langid lacks, and all the others together; py3langid divides the others' part among them. Where
py3langid knows every candidate, it decides alone. See docs/decisions/0029.
"""

from __future__ import annotations

import copy
import importlib.metadata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from taco.errors import RecipeError
from taco.languages.profile import load_profiles
from taco.languages.scripts import estimate_simplified
from taco.languages.table import ENGLISH, Language, find_language
from taco.languages.unpacked import load_unpacked
from taco.store.cache import cache_folder

_CHINESE = "zh"
"""py3langid's one label for both Chinese rows of the table; `scripts` divides it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What there is to choose from.

    Attributes:
        codes: The languages that either of the two knows, in the order in which they were given.
        labels: Code -> py3langid's label, for those that it knows.
        identifier: py3langid restricted to these labels; None where there are fewer than two.
        profiled: Languages whose profile is asked; empty where py3langid decides alone.
        signature: What decides, with versions, and the languages.
    """

    codes: tuple[str, ...]
    labels: dict[str, str]
    identifier: Any
    profiled: tuple[str, ...]
    signature: str


def list_candidates(target: Language) -> tuple[str, ...]:
    """Return the codes to choose from: the target, English, the target's relatives."""
    return tuple(dict.fromkeys((target.code, ENGLISH.code, *target.relatives)))


def find_label(code: str) -> str:
    """Return py3langid's label of a language, or "" where it has no model of it."""
    return _labels().get(code, "")


@cache
def prepare_choice(candidates: tuple[str, ...]) -> Choice:
    """Prepare a choice once: reading the version of a package takes longer than identifying a text."""
    labels = {code: label for code in candidates if (label := find_label(code))}
    profiled = tuple(code for code in candidates if code in load_profiles().places)
    if set(profiled) <= set(labels) or (labels and not set(profiled) & set(labels)):
        profiled = ()  # the profiles have nothing to add, or nothing to hold the languages of py3langid by
    codes = tuple(code for code in candidates if code in labels or code in profiled)
    identifier = _load_identifier(tuple(sorted(set(labels.values())))) if len(labels) > 1 else None
    signature = _sign(candidates, codes, labels, profiled)
    return Choice(codes=codes, labels=labels, identifier=identifier, profiled=profiled, signature=signature)


def weigh(prose: str, scores: Mapping[str, float], shares: Sequence[float], choice: Choice) -> dict[str, float]:
    """Turn both opinions into one distribution over codes; empty where there is nothing to judge.

    Args:
        prose: The text, whose letters tell both ways to write Chinese apart.
        scores: py3langid's label -> probability; empty for none.
        shares: Probability of each language of `choice.profiled` by the profiles.
        choice: What there is to choose from.
    """
    known = _divide(prose, scores, choice)
    if not choice.profiled:
        return known if len(known) > 1 else {}
    own = dict(zip(choice.profiled, shares, strict=True))
    if not known:
        return {code: float(own.get(code, 0.0)) for code in choice.codes}
    rest = sum(share for code, share in own.items() if code in choice.labels)
    return {code: float(rest * known[code] if code in choice.labels else own[code]) for code in choice.codes}


def _divide(prose: str, scores: Mapping[str, float], choice: Choice) -> dict[str, float]:
    """Turn scores of labels into a distribution over the codes that have one."""
    if len(choice.labels) == 1:
        return dict.fromkeys(choice.labels, 1.0)
    if not scores or (len(scores) > 1 and len(set(scores.values())) == 1):
        return {}  # equal scores are py3langid's way to say that it met no feature it knows
    simplified = estimate_simplified(prose) if _CHINESE in scores else 0.0
    parts = {"zh-Hans": simplified, "zh-Hant": 1.0 - simplified}
    weights = {
        code: scores[label] * (parts[code] if label == _CHINESE else 1.0) for code, label in choice.labels.items()
    }
    total = sum(weights.values())
    return {code: weight / total for code, weight in weights.items()}


def _sign(candidates: Sequence[str], codes: Sequence[str], labels: Mapping[str, str], profiled: Sequence[str]) -> str:
    deciding = [f"py3langid {importlib.metadata.version('py3langid')}"] if labels else []
    if profiled:
        lacking = " ".join(code for code in profiled if code not in labels)
        deciding.append(f"{load_profiles().signature} for {lacking}")
    unknown = [code for code in candidates if code not in codes]
    without = f", nothing knows {' '.join(unknown)}" if unknown else ""
    return f"{', '.join(deciding) or 'no identifier'}, candidates {' '.join(codes)}{without}"


@cache
def load_model() -> Any:
    """Load py3langid's model, all languages of it; copy it before restricting it."""
    from py3langid.langid import MODEL_DIR, MODEL_FILE

    return load_unpacked(MODEL_DIR / MODEL_FILE, cache_folder() / "identification")


@cache
def _load_identifier(labels: tuple[str, ...]) -> Any:
    """A restricted identifier of our own: restricting the shared one would change it for everybody else."""
    identifier = copy.copy(load_model())
    identifier.set_languages(labels)
    return identifier


@cache
def _labels() -> dict[str, str]:
    found: dict[str, str] = {}
    for label in load_model().labels:
        try:
            found.setdefault(find_language(label).code, label)
        except RecipeError:
            continue  # a language that the table does not have
    if _CHINESE in found.values():
        found["zh-Hans"] = found["zh-Hant"] = _CHINESE
    return found
