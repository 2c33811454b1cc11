"""Which of a few candidate languages a text is in, as a distribution.

The candidates are the target, English and the target's relatives: a choice among all languages would be noise on short
texts, and a yes or no would hide how close relatives mix within one answer. Who decides is in `choice`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from taco.languages.choice import Choice, list_candidates, prepare_choice, weigh
from taco.languages.profile import load_profiles, measure_shares
from taco.languages.scripts import find_script, measure_script_share
from taco.languages.table import Language

SURE = 0.5
"""Least probability of the language that a text is said to be in: it is more probable than all others together. Of user
interface strings of 19 languages, 1.3 % are then said to be in a wrong language and 4 % in none; cut to 40 characters, 3.8 % and
14 % (docs/results/identification.md)."""

_NOT_LANGUAGE = re.compile(
    r"(?P<fence>```+|~~~+).*?(?:(?P=fence)|\Z)"  # code, the unclosed last fence of a cut text too
    r"|`[^`\n]+`"
    r"|(?:https?://|ftp://|www\.)\S+"
    r"|(?<![\w.+-])[\w.+-]+@[\w-]+\.[\w.-]+"
    r"|</?[A-Za-z][^<>\n]*>",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identification:
    """What a text seems to be.

    Attributes:
        distribution: Code -> probability over those candidates that py3langid or a profile knows, in the order target,
            English, relatives; sums to 1. Empty where there is nothing to judge: no letters outside code and URLs, or
            fewer than two candidates that are known.
            Texts of more than a line or two saturate: 0.0 and 1.0 mean "beyond the identifier's resolution", not
            certainty, so average over many texts rather than read one.
        best: The most probable code where its probability is `SURE` or more; "" for a text that may as well be in another
            language, and where the distribution is empty.
        script_share: Share of the letters that are in the target's script, from 0 to 1; 0 where there are none.
        knows_target: Whether py3langid or a profile knows the target. Where neither does, the distribution says only
            which of the others the text resembles most, and script_share is what is left to go by.
        signature: What decided, with versions, and the candidates.
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
    return make_identification(prose, choice, judge(prose, choice), target=target)


def judge(prose: str, choice: Choice) -> dict[str, float]:
    """Return the distribution of one text over a choice; empty where there is nothing to judge."""
    if not has_letters(prose):
        return {}
    scores = dict(choice.identifier.rank(prose)) if choice.identifier is not None else {}
    shares = measure_shares([prose], choice.profiled, load_profiles())[0].tolist() if choice.profiled else []
    return weigh(prose, scores, shares, choice)


def choose(target: Language) -> Choice:
    """Return what there is to choose from for a target."""
    return prepare_choice(list_candidates(target))


def has_letters(prose: str) -> bool:
    """Whether a text has a letter whose script can be told."""
    return any(find_script(letter) for letter in set(prose))


def make_identification(
    prose: str, choice: Choice, distribution: dict[str, float], *, target: Language
) -> Identification:
    """Put together what is known of a text."""
    best = max(distribution, key=distribution.__getitem__, default="")
    return Identification(
        distribution=distribution,
        best=best if best and distribution[best] >= SURE else "",
        script_share=measure_script_share(prose, target.script),
        knows_target=target.code in choice.codes,
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
