"""Reading a study back: ratings in, agreement out.

OUT/ratings.jsonl   one rater's word on one answer, unblinded, a line each (`Rating`)
OUT/results.json    agreement, bias, means, what made them (`Results`)
OUT/results.html    the same as a page
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from taco import __version__
from taco.annotate.against import compare_judge
from taco.annotate.agreement import compare_raters, describe_raters, estimate_alphas
from taco.annotate.caveats import find_warnings
from taco.annotate.heard import Heard, hear_judges
from taco.annotate.key import KEY, Key, Place, read_key
from taco.annotate.options import PREFERENCES
from taco.annotate.rated import gather
from taco.annotate.results import AxisResult, Results
from taco.annotate.results_page import render_results
from taco.annotate.returned import Rating, list_files, read_ratings
from taco.annotate.systems import estimate_shown_first, list_contests, rate_systems
from taco.errors import DataError
from taco.evaluate.judge.differences import sign_differences
from taco.measure.bootstrap import Bootstrap
from taco.records import StageCount
from taco.store.files import digest_file, write_atomically
from taco.store.jsonl import write_records


def run_read(
    ratings: Sequence[Path], *, studies: Sequence[Path], verdicts: Sequence[Path], out: Path, bootstrap: Bootstrap
) -> StageCount:
    """Read ratings back and write what was found.

    Args:
        ratings: Files of ratings, or folders of them.
        studies: Folders of the studies that they belong to.
        verdicts: Folders of judges' verdicts, and judgement files, besides the verdicts that lie in the runs.
        out: The folder of the results.
        bootstrap: How intervals are made.

    Returns:
        Rows are lines of sheets; those without a rating are dropped.

    Raises:
        DataError: A file is missing, damaged or wrong, or the studies are of different kinds.
    """
    keys = [read_key(folder) for folder in studies]
    names = _name_studies(keys, studies)
    found = read_ratings(ratings, keys)
    heard = hear_judges(keys, verdicts)
    files = [*list_files(ratings), *(folder / KEY for folder in studies)]
    files += [path if path.is_file() else path / "scores.json" for path in heard.folders]
    results = build_results(
        keys, names, found, heard, bootstrap=bootstrap, inputs={file.as_posix(): digest_file(file) for file in files}
    )
    write_records(out / "ratings.jsonl", found)
    write_atomically(out / "results.json", [results.model_dump_json(indent=1).encode(), b"\n"])
    write_atomically(out / "results.html", [render_results(results, json_name="results.json").encode()])
    asked = sum(len(sheet.items) for key in keys for sheet in key.sheets)
    return StageCount(rows_in=asked, rows_kept=len(found), dropped={"not-rated": asked - len(found)})


def build_results(
    keys: Sequence[Key],
    names: Mapping[str, str],
    ratings: Sequence[Rating],
    heard: Heard,
    *,
    bootstrap: Bootstrap,
    inputs: Mapping[str, str],
) -> Results:
    """Put together what was found.

    Args:
        keys: The studies' keys.
        names: Code of a study -> its name.
        ratings: What people said.
        heard: What judges said.
        bootstrap: How intervals are made.
        inputs: File -> SHA-256, for the record.
    """
    options = keys[0].options
    ratings, heard = _tell_apart(keys, names, ratings, heard)
    asked: Counter[str] = Counter()
    for key in keys:
        asked.update({sheet.rater: len(sheet.items) for sheet in key.sheets})
    axes = tuple(
        _measure_axis(axis, ratings, heard, asked=asked, key=keys[0], bootstrap=bootstrap) for axis in options.axes
    )
    return Results(
        studies=dict(names),
        mode=options.mode,
        languages=tuple(sorted({one.language for one in ratings})),
        lowest=options.lowest,
        highest=options.highest,
        axes=axes,
        silent=tuple(sorted(set(asked) - {one.rater for one in ratings})),
        left_out=dict(sum((Counter(key.left_out) for key in keys), Counter[str]())),
        warnings=find_warnings(keys, axes, heard),
        bootstrap=bootstrap,
        signatures={
            "taco": __version__,
            "intervals": f"{bootstrap.signature}; whole questions are resampled",
            "p-values": sign_differences(bootstrap),
        },
        inputs=dict(inputs),
    )


def _measure_axis(
    axis: str, ratings: Sequence[Rating], heard: Heard, *, asked: Mapping[str, int], key: Key, bootstrap: Bootstrap
) -> AxisResult:
    mode = key.options.mode
    rated = gather(ratings, axis)
    scale = (key.options.lowest, key.options.highest) if mode == "rating" else PREFERENCES
    means, differences = rate_systems(rated, bootstrap, scale=scale) if mode == "rating" else ({}, ())
    judges = [
        compare_judge(judge, rated, by_axis[axis], mode=mode, bootstrap=bootstrap)
        for judge, by_axis in sorted(heard.verdicts.items())
        if axis in by_axis
    ]
    return AxisResult(
        axis=axis,
        ratings=sum(len(one.values) for one in rated),
        units=len(rated),
        shared=sum(len(one.values) > 1 for one in rated),
        alpha=estimate_alphas(rated, mode, bootstrap),
        raters=describe_raters(rated, asked, bootstrap, scale=scale),
        pairs=compare_raters(rated, mode, bootstrap),
        systems=means,
        differences=differences,
        contests=list_contests(rated, bootstrap) if mode == "pair" else (),
        shown_first=estimate_shown_first(rated, bootstrap) if mode == "pair" else None,
        judges=tuple(one for one in judges if one is not None),
    )


def _name_studies(keys: Sequence[Key], studies: Sequence[Path]) -> dict[str, str]:
    """Return code -> name of each study; its folder's name.

    Raises:
        DataError: A study was named twice, or the studies ask different things.
    """
    names = {key.study: folder.resolve().name for key, folder in zip(keys, studies, strict=True)}
    if len(names) < len(keys):
        raise DataError("The same study is named twice.", hint="Name each study once with --study.")
    kinds = {(key.options.mode, key.axes) for key in keys}
    if len(kinds) > 1:
        raise DataError("The studies ask different things, so their ratings make no common figures.")
    if len(set(names.values())) < len(names):
        return {code: f"{name}-{code[:6]}" for code, name in names.items()}
    return names


def _tell_apart(
    keys: Sequence[Key], names: Mapping[str, str], ratings: Sequence[Rating], heard: Heard
) -> tuple[list[Rating], Heard]:
    """Put the study's name before each system's, where there are several studies: each may have a system `tuned`."""
    if len(keys) < 2:
        return list(ratings), heard

    def name(study: str, systems: Sequence[str]) -> tuple[str, ...]:
        return tuple(f"{names[study]}: {system}" for system in systems)

    def move(place: Place) -> Place:
        return *place[:3], name(place[0], place[3])

    verdicts = {
        judge: {axis: {move(place): value for place, value in found.items()} for axis, found in axes.items()}
        for judge, axes in heard.verdicts.items()
    }
    moved = Heard(verdicts=verdicts, faults=heard.faults, folders=heard.folders)
    return [replace(one, systems=name(one.study, one.systems)) for one in ratings], moved
