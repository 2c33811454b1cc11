"""What the counted texts come to, with intervals over texts."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from taco.chain.template import SECTIONS
from taco.generate.sections import OTHER
from taco.languages.table import Language
from taco.measure.bootstrap import Bootstrap, Estimate
from taco.measure.unit import COUNTED
from taco.study.tokens.count import TextTokens
from taco.study.tokens.length import BestLength, find_best_lengths


class TokenSummary(BaseModel):
    """What the texts of one entry cost with one tokenizer.

    Attributes:
        texts, tokenizer: Names of the entry and of the tokenizer.
        signature: What the tokenizer is.
        language, language_name: The target language.
        n, complete: Number of texts, and of those with all sections: everything but `total` and `prompt` is over these.
        total: Tokens of a text, all texts.
        prompt: Tokens of the question; None without questions.
        sections: Section, or "other" -> tokens.
        characters_per_token: Section -> characters a token.
        against_english: Tokens of the target response / tokens of the English response.
        overhead: Tokens of a text that stand beside its target response, as a share of the latter.
        lengths: Context -> the best length of a response.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    texts: str
    tokenizer: str
    signature: str
    language: str
    language_name: str
    n: int
    complete: int
    total: Estimate
    prompt: Estimate | None
    sections: dict[str, Estimate]
    characters_per_token: dict[str, Estimate]
    against_english: Estimate | None
    overhead: Estimate | None
    lengths: tuple[BestLength, ...]


class TokenResults(BaseModel):
    """The results of a token study."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    study: str
    summaries: tuple[TokenSummary, ...]
    fitting: float
    intervals: str
    inputs: dict[str, str]


def summarise(
    counted: Sequence[TextTokens],
    *,
    texts: str,
    tokenizer: str,
    signature: str,
    language: Language,
    contexts: Sequence[int],
    fitting: float,
    bootstrap: Bootstrap,
) -> TokenSummary:
    """Sum up the counted texts of one entry."""
    whole = [one for one in counted if one.is_complete]
    names = [name for name in SECTIONS if any(name in one.sections for one in whole)]
    prompts = [float(one.prompt) for one in counted if one.prompt]
    sections = {
        name: bootstrap.estimate_mean([float(one.sections[name]) for one in whole], scale=COUNTED) for name in names
    }
    return TokenSummary(
        texts=texts,
        tokenizer=tokenizer,
        signature=signature,
        language=language.code,
        language_name=language.name,
        n=len(counted),
        complete=len(whole),
        total=bootstrap.estimate_mean([float(one.total) for one in counted], scale=COUNTED),
        prompt=bootstrap.estimate_mean(prompts, scale=COUNTED) if prompts else None,
        sections=sections | {OTHER: bootstrap.estimate_mean([float(one.other) for one in whole], scale=COUNTED)},
        characters_per_token={
            name: _estimate_ratio([(one.characters[name], one.sections[name]) for one in whole], bootstrap)
            for name in names
        },
        against_english=_compare(whole, "response", "response_en", bootstrap),
        overhead=_estimate_overhead(whole, bootstrap),
        lengths=find_best_lengths(whole, contexts, fitting=fitting, bootstrap=bootstrap),
    )


def _estimate_ratio(pairs: Sequence[tuple[int, int]], bootstrap: Bootstrap) -> Estimate:
    """Estimate the sum of the first numbers / the sum of the second ones."""
    return bootstrap.estimate_total(pairs, lambda total: total[0] / max(1, total[1]), scale=COUNTED)


def _compare(whole: Sequence[TextTokens], over: str, under: str, bootstrap: Bootstrap) -> Estimate | None:
    pairs = [(one.sections[over], one.sections[under]) for one in whole if {over, under} <= set(one.sections)]
    return _estimate_ratio(pairs, bootstrap) if pairs else None


def _estimate_overhead(whole: Sequence[TextTokens], bootstrap: Bootstrap) -> Estimate | None:
    pairs = [
        (one.total - one.sections["response"], one.sections["response"]) for one in whole if "response" in one.sections
    ]
    return _estimate_ratio(pairs, bootstrap) if pairs else None
