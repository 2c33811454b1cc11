"""`taco annotate make` and `taco annotate read`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from taco.cli.judge import BenchmarkFile, Categories, LanguageName, References, TemplateName, choose_asked
from taco.errors import DataError, RecipeError, list_faults

if TYPE_CHECKING:
    from taco.annotate.options import StudyOptions

annotate_app = typer.Typer(
    help="Have people rate answers: blinded sheets out, ratings back in, agreement with each other and with judges.",
    no_args_is_help=True,
)

Paths = Annotated[
    list[Path],
    typer.Argument(
        help="Run folders, folders that taco answer made, files of answers, or folders of text files.",
        metavar="RUN_OR_ANSWERS...",
    ),
]
Raters = Annotated[str, typer.Option(help="How many people rate, or their names: ana,bea.", metavar="N_OR_NAMES")]
Mode = Annotated[str, typer.Option(help="rating or pair.", metavar="MODE")]
Axes = Annotated[str, typer.Option(help="What is rated: overall, or several: language,fluency.", metavar="NAMES")]
Lowest = Annotated[int, typer.Option(help="Lowest rating.")]
Highest = Annotated[int, typer.Option(help="Highest rating.")]
Each = Annotated[int | None, typer.Option(help="People who see each answer; all if not given.", min=1, metavar="K")]
Questions = Annotated[
    int | None, typer.Option(help="Draw so many questions, evenly from the categories.", min=1, metavar="N")
]
Seed = Annotated[int | None, typer.Option(help="Seed of the draw and the order; by default drawn, and kept.", min=0)]
Instructions = Annotated[
    Path | None, typer.Option(help="A text file with what raters are told, in their language.", metavar="FILE")
]
ShowsReference = Annotated[bool, typer.Option("--show-reference", help="Show raters the reference answer.")]
StudyFolder = Annotated[Path, typer.Option("--out", help="The study's folder.", metavar="FOLDER")]

Ratings = Annotated[
    list[Path], typer.Argument(help="Files of ratings (.json, .csv), or folders of them.", metavar="RATINGS...")
]
Studies = Annotated[
    list[Path],
    typer.Option(
        "--study", help="Folder that taco annotate make wrote; may be repeated, one a language.", metavar="FOLDER"
    ),
]
Verdicts = Annotated[
    list[Path],
    typer.Option(
        "--verdicts",
        help="Folder of a judge's verdicts, or a judgement file; besides those in the runs.",
        metavar="PATH",
    ),
]
ResultsFolder = Annotated[
    Path | None, typer.Option("--out", help="Folder of the results; by default the study's results/.", metavar="FOLDER")
]
Samples = Annotated[int, typer.Option(help="Resamples of an interval.", min=100, max=100_000)]
Confidence = Annotated[float, typer.Option(help="Share of intervals that hold the true value.", min=0.5, max=0.999)]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@annotate_app.command("make")
def make_sheets(
    paths: Paths,
    raters: Raters,
    out: StudyFolder,
    mode: Mode = "rating",
    axes: Axes = "",
    lowest: Lowest = 1,
    highest: Highest = 10,
    each: Each = None,
    questions: Questions = None,
    seed: Seed = None,
    instructions: Instructions = None,
    shows_reference: ShowsReference = False,
    benchmark: BenchmarkFile = None,
    references: References = None,
    categories: Categories = None,
    language: LanguageName = "",
    template: TemplateName = "taco",
) -> None:
    """Make rating sheets: for each rater a page that works offline and a CSV, without a word on who wrote an answer.

    Hand out FOLDER/sheets; keep FOLDER/key.json to yourself, without it ratings cannot be read back. Of a chain only the
    target-language section is shown. See docs/annotate.md.

    Example: taco annotate make runs/quickstart-gl --raters 3 --out human/gl
    """
    from taco.annotate.intake import read_answers
    from taco.annotate.make import choose_seed, run_make

    names = _name_raters(raters)
    options = _choose_options(
        mode=mode,
        axes=tuple(one.strip() for one in axes.split(",") if one.strip())
        or (("preference",) if mode == "pair" else ("overall",)),
        lowest=lowest,
        highest=highest,
        raters=names,
        each=len(names) if each is None else each,
        questions=questions,
        seed=choose_seed(seed, out),
        instructions=_read_instructions(instructions),
        shows_reference=shows_reference,
    )
    submissions, inputs = read_answers(paths, choose_asked(benchmark, references, categories, language, template))
    count = run_make(options, submissions, inputs=inputs, out=out)
    what = "pairs" if mode == "pair" else "answers"
    print(f"{count.rows_kept} {what}, each for {options.each} of {len(names)} raters; seed {options.seed}.")
    for reason, number in count.dropped.items():
        print(f"On no sheet: {number} {what} ({reason}).")
    print(f"Hand out: {out / 'sheets'}. Keep to yourself: {out / 'key.json'}.")


@annotate_app.command("read")
def read_sheets(
    ratings: Ratings,
    studies: Studies,
    verdicts: Verdicts = [],  # noqa: B006 (typer copies it)
    out: ResultsFolder = None,
    samples: Samples = 2000,
    confidence: Confidence = 0.95,
    seed: Annotated[int, typer.Option(help="Seed of the resamples.", min=0)] = 17,
    as_json: AsJson = False,
) -> None:
    """Read ratings back: how far people agree with each other, and a judge with them; by language and by length.

    Verdicts of `taco judge` are found in the runs that the study was made from. Results go to --out: a page, JSON, and
    the ratings with the systems' names.

    Example: taco annotate read returned --study human/gl
    """
    from taco.annotate.results import Results
    from taco.annotate.run import run_read
    from taco.measure.bootstrap import Bootstrap

    if out is None and len(studies) > 1:
        raise RecipeError("Several studies have no folder of their own.", hint="Name one with --out FOLDER.")
    folder = out or studies[0] / "results"
    bootstrap = Bootstrap(samples=samples, confidence=confidence, seed=seed)
    count = run_read(ratings, studies=studies, verdicts=verdicts, out=folder, bootstrap=bootstrap)
    if as_json:
        print((folder / "results.json").read_text(encoding="utf-8"), end="")
        return
    from taco.annotate.terminal import render_results
    from taco.cli.streams import open_console

    results = Results.model_validate_json((folder / "results.json").read_bytes())
    open_console().print(render_results(results))
    print(f"\n{count.rows_kept} of {count.rows_in} lines of the sheets are rated. Results: {folder}")


def _name_raters(raters: str) -> tuple[str, ...]:
    """Return the raters' names; of a number, that many.

    >>> _name_raters("2"), _name_raters("ana, bea")
    (('rater-1', 'rater-2'), ('ana', 'bea'))
    """
    if raters.strip().isdecimal():
        number = int(raters)
        if not 1 <= number <= 1000:
            raise RecipeError(f"--raters {number}: expected 1 to 1000, or names.")
        return tuple(f"rater-{place}" for place in range(1, number + 1))
    names = tuple(name.strip() for name in raters.split(",") if name.strip())
    if not names:
        raise RecipeError(f"--raters {raters!r} names nobody.", hint="Give a number, or names parted by commas.")
    return names


def _choose_options(**given: object) -> StudyOptions:
    from pydantic import ValidationError

    from taco.annotate.options import StudyOptions

    try:
        return StudyOptions.model_validate(given)
    except ValidationError as error:
        faults = "; ".join(list_faults(error, whole="the options"))
        raise RecipeError(f"No study can be made like this: {faults}.", hint="See docs/annotate.md.") from None


def _read_instructions(path: Path | None) -> str:
    from taco.store.files import disk_faults

    if path is None:
        return ""
    with disk_faults(path, "read"):
        content = path.read_bytes()
    try:
        return content.decode("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8: {error}.") from error
