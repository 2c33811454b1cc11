"""An audit: every finder on every judgement file, the tables computed anew, and the claims."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from taco import __version__
from taco.errors import RecipeError
from taco.evaluate.audit import answers, ids, language, pairs, question, ratings
from taco.evaluate.audit.claim import Claim, Way, fit_claim, parse_claim
from taco.evaluate.audit.finding import KINDS, Finding
from taco.evaluate.audit.judgement import JudgementSet
from taco.evaluate.audit.means import (
    CategoryMeans,
    OverallMeans,
    Ratings,
    list_category_means,
    list_overall_means,
)
from taco.evaluate.audit.read import Source, find_files, read_source
from taco.measure.bootstrap import Bootstrap
from taco.measure.macro import sign_macro
from taco.store.files import digest_file

FINDERS: tuple[Callable[[JudgementSet], list[Finding]], ...] = (
    ratings.find,
    answers.find,
    language.find,
    question.find,
    ids.find,
)

SAMPLES = 10_000
"""Resamples of an interval."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SetAudit(_Part):
    """What was found in one set of judgements.

    Attributes:
        name: Its name.
        path, sha256: The file and its digest.
        language: Code of the target, or "".
        identifier: What told languages apart, with versions and candidates; "" where the target is unknown.
        rows: Number of judgements.
        raw_answers: Number of raw answers that they were held against.
        from_prose: Ids whose corrected rating is a score that the judge stated in words only.
        unscored: Ids without any rating in the judge's text.
        categories, overall: The means.
        claims: The claims about this set.
        notes: What could not be looked at, and why.
    """

    name: str
    path: str
    sha256: str
    language: str
    identifier: str
    rows: int
    raw_answers: int
    from_prose: tuple[str, ...]
    unscored: tuple[str, ...]
    categories: tuple[CategoryMeans, ...]
    overall: tuple[OverallMeans, ...]
    claims: tuple[Claim, ...]
    notes: tuple[str, ...]


class Audit(_Part):
    """An audit of one or several judgement files.

    Attributes:
        taco: Version that made it.
        signature: How intervals were made.
        sets: One for each set of judgements.
        findings: All findings, by set, kind and place in the file.
        joint_fits: What leads to the claims of all sets, where several have one.
    """

    taco: str
    signature: str
    sets: tuple[SetAudit, ...]
    findings: tuple[Finding, ...]
    joint_fits: tuple[Way, ...]


def run_audit(
    path: Path,
    *,
    bootstrap: Bootstrap,
    answers_path: Path | None = None,
    questions_path: Path | None = None,
    language_name: str | None = None,
    claims: Sequence[str] = (),
) -> Audit:
    """Audit a judgement file, or all in a folder.

    Args:
        path: File or folder.
        bootstrap: How intervals are made.
        answers_path: Raw answers; looked for beside each file if not given.
        questions_path: Questions; looked for beside each file if not given.
        language_name: The target language; found by itself if not given.
        claims: Claimed figures, see `parse_claim`.

    Raises:
        DataError: A file is missing or cannot be read.
        RecipeError: A claim is no figure or names no set; there is no such language.
    """
    claimed = [parse_claim(text) for text in claims]
    sources = [
        read_source(file, answers=answers_path, questions=questions_path, language=language_name)
        for file in find_files(path)
    ]
    names = {judged.name for source in sources for judged in source.sets}
    for name, figure in claimed:
        if name and name not in names:
            raise RecipeError(f"--claim {name}={figure}: the sets are {', '.join(sorted(names))}.")
    findings = [finding for source in sources for finding in _find(source)]
    sets = tuple(
        _audit_set(judged, source, findings, claimed, bootstrap) for source in sources for judged in source.sets
    )
    return Audit(
        taco=__version__,
        signature=f"{bootstrap.signature}; {sign_macro()}",
        sets=sets,
        findings=tuple(findings),
        joint_fits=_join_fits(sets),
    )


def _find(source: Source) -> list[Finding]:
    found = [finding for judged in source.sets for find in FINDERS for finding in find(judged)]
    found += pairs.find(list(source.pair_rows), name=source.name)
    order = {name: place for place, name in enumerate(dict.fromkeys(finding.set for finding in found))}
    return sorted(found, key=lambda finding: (order[finding.set], KINDS.index(finding.kind)))


def _audit_set(
    judged: JudgementSet,
    source: Source,
    findings: Sequence[Finding],
    claimed: Sequence[tuple[str, str]],
    bootstrap: Bootstrap,
) -> SetAudit:
    not_own = {
        finding.id
        for finding in findings
        if finding.set == judged.name and finding.kind in ("stale-answer", "other-answer")
    }
    read = Ratings(
        stored=tuple((row.category, row.stored) for row in judged.rows),
        corrected=tuple((row.category, row.corrected) for row in judged.rows),
        judged=tuple((row.category, row.corrected) for row in judged.rows if row.id not in not_own),
        strict=tuple((row.category, row.verdict.score) for row in judged.rows),
    )
    return SetAudit(
        name=judged.name,
        path=judged.path,
        sha256=digest_file(source.path),
        language=judged.language,
        identifier=language.sign_identifier(judged),
        rows=len(judged.rows),
        raw_answers=len(judged.answers),
        from_prose=tuple(row.id for row in judged.rows if row.prose is not None),
        unscored=tuple(row.id for row in judged.rows if row.corrected is None),
        categories=list_category_means(read, bootstrap),
        overall=list_overall_means(read, bootstrap),
        claims=tuple(fit_claim(figure, read.stored) for name, figure in claimed if name in ("", judged.name)),
        notes=tuple(note for note in (*source.notes, language.describe_trust(judged)) if note),
    )


def _join_fits(sets: Sequence[SetAudit]) -> tuple[Way, ...]:
    """Return what fits one claim of every set that has any, if several have: the fewest categories left out first."""
    having = [judged for judged in sets if judged.claims]
    if len(having) < 2:
        return ()
    ways = [{(fit.mean, fit.left_out) for claim in judged.claims for fit in claim.fits} for judged in having]
    common = set.intersection(*ways)
    found = [Way(mean=mean, left_out=left_out) for mean, left_out in common]
    return tuple(sorted(found, key=lambda way: (len(way.left_out), way.mean, way.left_out)))
