"""Choosing the next token by chance, each row with its own temperature and its own seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from taco.generate.decode import Choose
from taco.generate.session import Sampling


@dataclass(frozen=True, slots=True)
class Dice:
    """How one row's tokens are chosen.

    Attributes:
        sampling: Temperature and nucleus.
        generator: The row's own chance, so that other rows of its batch do not matter.
    """

    sampling: Sampling
    generator: torch.Generator


def make_dice(sampling: Sampling) -> Dice:
    """Make the dice of one row; the same seed gives the same throws."""
    return Dice(sampling, torch.Generator().manual_seed(sampling.seed))


def choose_tokens(rows: Sequence[Dice]) -> Choose | None:
    """Return how the next tokens of rows are chosen; None where all are greedy."""
    if all(dice.sampling.temperature == 0 for dice in rows):
        return None

    def choose(scores: torch.Tensor) -> torch.Tensor:
        chosen = scores.argmax(dim=-1)
        for row, dice in enumerate(rows):
            if dice.sampling.temperature > 0:
                chosen[row] = throw(scores[row], dice)
        return chosen

    return choose


def throw(scores: torch.Tensor, dice: Dice) -> int:
    """Choose one token: scores over temperature, then the nucleus of Holtzman et al. (arXiv 1904.09751).

    Args:
        scores: [vocabulary].
        dice: The row's.
    """
    scaled = (scores.double() - scores.max().double()) / max(dice.sampling.temperature, 1e-4)
    shares, order = torch.softmax(scaled, dim=-1).cpu().sort(descending=True, stable=True)
    before = shares.cumsum(dim=-1) - shares
    shares[before >= dice.sampling.top_p] = 0
    shares[0] = max(float(shares[0]), 1e-12)  # the likeliest token is always in the nucleus
    place = torch.multinomial(shares, 1, generator=dice.generator)
    return int(order[place])
