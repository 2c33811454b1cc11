"""Which categories a claimed figure was taken over: all means of subsets that round to it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from pydantic import BaseModel, ConfigDict

from taco.errors import RecipeError
from taco.evaluate.audit.means import list_categories
from taco.measure.macro import Scored

MOST_LEFT_OUT = 4
"""Categories that are left out at most, where there are more than `ALL_SUBSETS`."""

ALL_SUBSETS = 12
"""Number of categories up to which every subset is tried."""


class Way(BaseModel):
    """One way to take a mean.

    Attributes:
        mean: "micro", over questions, or "macro", over the categories' means.
        left_out: The categories that are left out.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    mean: str
    left_out: tuple[str, ...]


class Fit(Way):
    """One way to get to a claimed figure.

    Attributes:
        value: The mean on the scale of the claim, not rounded.
    """

    value: float


class Claim(BaseModel):
    """A claimed figure and how it may have come about.

    Attributes:
        text: The figure as it was given.
        scale: What a mean rating was multiplied by: 10 for per cent, 1 for a mean rating.
        fits: All fits, those that leave out the fewest categories first, among them the closest first.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str
    scale: float
    fits: tuple[Fit, ...]

    @property
    def best(self) -> tuple[Fit, ...]:
        """The fits that leave out the fewest categories."""
        fewest = min((len(fit.left_out) for fit in self.fits), default=0)
        return tuple(fit for fit in self.fits if len(fit.left_out) == fewest)


def parse_claim(text: str) -> tuple[str, str]:
    """Read a claim: "88", or "NAME=88" for the set of that name; returns name, "" for every set, and figure.

    Raises:
        RecipeError: The figure is no number above 0 and up to 100.
    """
    name, _, figure = text.rpartition("=")
    figure = figure.strip().removesuffix("%").strip()
    try:
        value = float(figure)
    except ValueError:
        value = 0.0
    if not 0 < value <= 100:
        raise RecipeError(f"--claim {text!r}: expected a figure such as 88 or 8.24, or NAME=88.")
    return name.strip(), figure


def fit_claim(figure: str, rows: Sequence[Scored]) -> Claim:
    """Find the subsets of categories whose micro or macro mean rounds to a figure.

    A figure up to 10 is taken for a mean rating, a higher one for per cent of the highest rating, 10. It is met by what
    rounds to it at its own number of decimals.

    >>> rows = [("a", 9.0), ("a", 8.0), ("b", 2.0)]
    >>> [(fit.mean, fit.left_out, fit.value) for fit in fit_claim("85", rows).fits]
    [('macro', ('b',), 85.0), ('micro', ('b',), 85.0)]
    """
    value = float(figure)
    scale = 1.0 if value <= 10 else 10.0
    decimals = len(figure.partition(".")[2])
    groups = {name: [r for category, r in rows if category == name and r is not None] for name in list_categories(rows)}
    groups = {name: group for name, group in groups.items() if group}
    most = len(groups) - 1 if len(groups) <= ALL_SUBSETS else MOST_LEFT_OUT
    fits = []
    for count in range(most + 1):
        for left_out in combinations(groups, count):
            kept = [group for name, group in groups.items() if name not in left_out]
            for mean, found in (
                ("macro", _mean_of_means(kept)),
                ("micro", _mean([r for group in kept for r in group])),
            ):
                # Half a step either way: who rounds 84.5 up and who rounds to even are both met.
                if abs(found * scale - value) <= 0.5 * 10**-decimals + 1e-9:
                    fits.append(Fit(mean=mean, left_out=left_out, value=round(found * scale, 6)))
    fits.sort(key=lambda fit: (len(fit.left_out), abs(fit.value - value)))
    return Claim(text=figure, scale=scale, fits=tuple(fits))


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _mean_of_means(groups: Sequence[Sequence[float]]) -> float:
    return _mean([_mean(group) for group in groups])
