"""Which of a few candidate languages a text is in, as a distribution.

The identifier is py3langid, restricted to the target, English and the target's relatives: a choice among all its
languages would be noise on short texts, and a yes or no would hide how close relatives mix within one answer.
"""

from __future__ import annotations

import copy
import importlib.metadata
import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from taco.errors import RecipeError
from taco.languages.scripts import estimate_simplified, find_script, measure_script_share
from taco.languages.table import ENGLISH, Language, find_language

_NOT_LANGUAGE = re.compile(
    r"(?P<fence>```+|~~~+).*?(?:(?P=fence)|\Z)"  # code, the unclosed last fence of a cut text too
    r"|`[^`\n]+`"
    r"|(?:https?://|ftp://|www\.)\S+"
    r"|(?<![\w.+-])[\w.+-]+@[\w-]+\.[\w.-]+"
    r"|</?[A-Za-z][^<>\n]*>",
    re.DOTALL,
)

_CHINESE = "zh"
"""py3langid's one label for both Chinese rows of the table; `scripts` divides it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identification:
    """What a text seems to be.

    Attributes:
        distribution: Code -> probability over those candidates that the identifier knows, in the order target,
            English, relatives; sums to 1. Empty where there is nothing to judge: no letters outside code and URLs, or
            fewer than two candidates that the identifier knows.
            Texts of more than a line or two saturate: 0.0 and 1.0 mean "beyond the identifier's resolution", not
            certainty, so average over many texts rather than read one.
        best: The most probable code; "" where the distribution is empty.
        script_share: Share of the letters that are in the target's script, from 0 to 1; 0 where there are none.
        knows_target: Whether the identifier has a profile of the target. Where it has none, the distribution says only
            which of the others the text resembles most, and script_share is what is left to go by.
        signature: The identifier, its version and the candidates.
    """

    distribution: dict[str, float]
    best: str
    script_share: float
    knows_target: bool
    signature: str


def identify(text: str, *, target: Language) -> Identification:
    """Judge which language a text is in. Code, URLs, e-mail addresses and HTML tags in it are passed over.

    Args:
        text: Any text.
        target: The language that it should be in.
    """
    return identify_prose(strip_code(text), target=target)


def identify_prose(prose: str, *, target: Language) -> Identification:
    """Judge which language a text is in that holds nothing but prose; for many texts see `taco.languages.batch`."""
    choice = choose(target)
    scores = dict(choice.identifier.rank(prose)) if choice.identifier is not None and has_letters(prose) else {}
    return make_identification(prose, choice, weigh(prose, scores, choice), target=target)


def has_letters(prose: str) -> bool:
    """Whether a text has a letter whose script can be told."""
    return any(find_script(letter) for letter in set(prose))


def make_identification(
    prose: str, choice: Choice, distribution: dict[str, float], *, target: Language
) -> Identification:
    """Put together what is known of a text."""
    return Identification(
        distribution=distribution,
        best=max(distribution, key=distribution.__getitem__, default=""),
        script_share=measure_script_share(prose, target.script),
        knows_target=target.code in choice.labels,
        signature=choice.signature,
    )


def strip_code(text: str) -> str:
    """Take out what is in no language: code fences, inline code, URLs, e-mail addresses, HTML tags.

    >>> strip_code("Use `len(x)`, see https://example.org/a?b=c now")
    'Use  , see   now'
    """
    return _NOT_LANGUAGE.sub(" ", text)


def blank_code(text: str) -> str:
    """Put a space for every character that `strip_code` takes out, so that places in the text stay what they are.

    >>> blank_code("Use `len(x)` now")
    'Use          now'
    """
    return _NOT_LANGUAGE.sub(lambda match: " " * len(match[0]), text)


def list_candidates(target: Language) -> tuple[str, ...]:
    """Return the codes to choose from: the target, English, the target's relatives."""
    return tuple(dict.fromkeys((target.code, ENGLISH.code, *target.relatives)))


def find_label(code: str) -> str:
    """Return py3langid's label of a language, or "" where it has no profile of it."""
    return _labels().get(code, "")


@dataclass(frozen=True, slots=True)
class Choice:
    """What there is to choose from for a target: code -> label, and an identifier for them if they are two or more."""

    labels: dict[str, str]
    identifier: Any
    signature: str


@cache
def choose(target: Language) -> Choice:
    """Prepare a choice once: reading the version of a package takes longer than identifying a text."""
    candidates = list_candidates(target)
    labels = {code: label for code in candidates if (label := find_label(code))}
    identifier = _load_identifier(tuple(sorted(set(labels.values())))) if len(labels) > 1 else None
    return Choice(labels, identifier, _sign(candidates, labels))


def weigh(prose: str, scores: dict[str, float], choice: Choice) -> dict[str, float]:
    """Turn scores of labels into a distribution over codes; empty where there is nothing to judge.

    Args:
        prose: The text, whose letters tell both ways to write Chinese apart.
        scores: Label -> probability; empty for none.
        choice: What there is to choose from.
    """
    if not scores or (len(scores) > 1 and len(set(scores.values())) == 1):
        return {}  # equal scores are py3langid's way to say that it met no feature it knows
    simplified = estimate_simplified(prose) if _CHINESE in scores else 0.0
    shares = {"zh-Hans": simplified, "zh-Hant": 1.0 - simplified}
    weights = {
        code: scores[label] * (shares[code] if label == _CHINESE else 1.0) for code, label in choice.labels.items()
    }
    total = sum(weights.values())
    return {code: weight / total for code, weight in weights.items()}


def _sign(candidates: tuple[str, ...], labels: dict[str, str]) -> str:
    unknown = [code for code in candidates if code not in labels]
    without = f", no profile of {' '.join(unknown)}" if unknown else ""
    return f"py3langid {importlib.metadata.version('py3langid')}, candidates {' '.join(labels)}{without}"


@cache
def load_model() -> Any:
    """Load py3langid's model, all languages of it; copy it before restricting it."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


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
