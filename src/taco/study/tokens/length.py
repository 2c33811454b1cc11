"""The longest response that nearly all answers could have and still fit a context."""

from __future__ import annotations

import math
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from taco.measure.bootstrap import Bootstrap, Estimate
from taco.study.tokens.count import TextTokens
from taco.tokens.fit import find_fit


class BestLength(BaseModel):
    """How long responses may be in a context.

    Attributes:
        context: Tokens for prompt and answer together.
        over: Texts that have more as they are.
        sentences: The most sentences with which enough of the texts fit, cut as in training; None where enough fit as
            they are, 0 where no number is small enough.
        words: English words that a response may have so that enough of the answers would fit, each at its own price of
            a word in both languages. The smallest value is 0: the prompt and the first section alone are too long.
        words_direct: The same where the answer is written in the target language alone, without English sections.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    context: int
    over: int
    sentences: int | None
    words: Estimate
    words_direct: Estimate


def find_best_lengths(
    whole: Sequence[TextTokens], contexts: Sequence[int], *, fitting: float, bootstrap: Bootstrap
) -> tuple[BestLength, ...]:
    """Find the best length for each context; nothing where no text has both responses.

    Args:
        whole: Texts with all their sections.
        contexts: Tokens.
        fitting: Share of the texts that must fit.
        bootstrap: How intervals are made.
    """
    priced = [one for one in whole if one.words_en and {"response_en", "response"} <= set(one.sections)]
    if not priced:
        return ()
    rows = [one.as_row() for one in priced]
    lengths = []
    for context in contexts:
        fit = find_fit(rows, context, fitting=fitting)
        chain = [count_words_that_fit(one, context) for one in priced]
        direct = [count_words_that_fit(one, context, with_english=False) for one in priced]
        lengths.append(
            BestLength(
                context=context,
                over=fit.over,
                sentences=fit.best_sentences,
                words=bootstrap.estimate_quantile(chain, 1 - fitting),
                words_direct=bootstrap.estimate_quantile(direct, 1 - fitting),
            )
        )
    return tuple(lengths)


def count_words_that_fit(one: TextTokens, context: int, *, with_english: bool = True) -> float:
    """Count the English words of a response that a context has room for, at this text's price of a word.

    A word's price is the tokens of both responses, or of the target's alone, for each word of the English one.

    >>> one = TextTokens(id="1", state="complete", total=100, frame=5, prompt=5, characters={}, words_en=10, cuts=(),
    ...     sections={"instruction_en": 10, "response_en": 20, "response": 60})
    >>> count_words_that_fit(one, 111), count_words_that_fit(one, 71), count_words_that_fit(one, 71, with_english=False)
    (10, 5, 10)
    """
    response, english = one.sections["response"], one.sections["response_en"]
    fixed = one.frame + one.prompt + 1
    if with_english:
        fixed += one.total - response - english
    price = (response + english * with_english) / one.words_en
    return max(0, math.floor((context - fixed) / price + 1e-9)) if price else 0
