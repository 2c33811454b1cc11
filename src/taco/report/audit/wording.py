"""Means, claims and findings of an audit in words."""

from __future__ import annotations

from collections.abc import Iterator

from taco.evaluate.audit.claim import Claim, Way
from taco.evaluate.audit.means import OverallMeans
from taco.evaluate.audit.run import Audit, SetAudit
from taco.languages.table import find_language
from taco.measure.bootstrap import Estimate

DECIMALS = 3
SHOWN_FITS = 3
"""Ways to a claimed figure that are named."""

MEANS = {"micro": "mean over questions (micro)", "macro": "mean of category means (macro)"}


def write_mean(estimate: Estimate) -> str:
    """Write a mean rating, a dash where there is none.

    >>> write_mean(Estimate(value=8.24375, low=None, high=None, n=80, method="none"))
    '8.244'
    """
    return "–" if estimate.value is None else f"{estimate.value:.{DECIMALS}f}"


def write_bounds(estimate: Estimate) -> str:
    """Write the interval of a mean rating, "" where there is none.

    >>> write_bounds(Estimate(value=8.0, low=7.5, high=8.25, n=80, method="bootstrap"))
    '[7.50, 8.25]'
    """
    if estimate.low is None or estimate.high is None:
        return ""
    return f"[{estimate.low:.2f}, {estimate.high:.2f}]"


def name_overall(mean: OverallMeans) -> str:
    """Name a mean over all categories.

    >>> empty = Estimate(value=None, low=None, high=None, n=0, method="none")
    >>> name_overall(OverallMeans(name="micro", without="coding", **dict.fromkeys(("stored", "corrected", "judged", "strict"), empty)))
    'micro, without coding'
    """
    return f"{mean.name}, without {mean.without}" if mean.without else mean.name


def write_title(audited: SetAudit) -> str:
    """Write what a set is, in one line."""
    language = f" ({find_language(audited.language).name})" if audited.language else ""
    raw = f"{audited.raw_answers} raw answers" if audited.raw_answers else "no raw answers"
    return f"{audited.name}{language}: {audited.rows} judgements, {raw}"


def list_remarks(audited: SetAudit) -> Iterator[str]:
    """Yield what must be said beside the tables of a set."""
    if audited.from_prose:
        micro = next(mean for mean in audited.overall if mean.name == "micro" and not mean.without)
        yield (
            f"Corrected includes a score in words for {', '.join(audited.from_prose)}, whose text has no rating; "
            f"without it the micro mean is {write_mean(micro.strict)} (n = {micro.strict.n})."
        )
    if audited.unscored:
        yield f"Without a score in the judge's text, and so in no corrected mean: {', '.join(audited.unscored)}."
    for claim in audited.claims:
        yield write_claim(claim)
    yield from (f"{note[:1].upper()}{note[1:]}." for note in audited.notes)


def write_claim(claim: Claim) -> str:
    """Write how a claimed figure comes about."""
    unit = " %" if claim.scale != 1 else ""
    if not claim.fits:
        return f"Claim {claim.text}{unit}: no subset of categories gives it."
    ways = "; ".join(f"{write_way(fit)} ({fit.value:.2f})" for fit in claim.best[:SHOWN_FITS])
    alike, more = len(claim.best) - SHOWN_FITS, len(claim.fits) - len(claim.best)
    rest = f"; {alike} more that leave out as few" if alike > 0 else ""
    rest += f"; {more} that leave out more" if more else ""
    return f"Claim {claim.text}{unit}: {ways}{rest}."


def write_way(way: Way) -> str:
    """Write a way to take a mean.

    >>> write_way(Way(mean="macro", left_out=("coding",)))
    'mean of category means (macro) without coding'
    """
    return MEANS[way.mean] + (f" without {', '.join(way.left_out)}" if way.left_out else " over all categories")


def write_joint(audit: Audit) -> str:
    """Write what leads to the claims of all sets; "" where that was not asked."""
    having = [audited.name for audited in audit.sets if audited.claims]
    if len(having) < 2:
        return ""
    if not audit.joint_fits:
        return f"No one way of taking the mean gives the claims of {', '.join(having)}."
    fewest = len(audit.joint_fits[0].left_out)
    ways = "; ".join(write_way(way) for way in audit.joint_fits if len(way.left_out) == fewest)
    return f"What gives the claims of {', '.join(having)} with the fewest categories left out: {ways}."
