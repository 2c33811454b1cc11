"""`taco bench-mt`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from taco.errors import RecipeError

if TYPE_CHECKING:
    from taco.bench.options import BenchOptions, Corpus, Direction
    from taco.languages.table import Language


Languages = Annotated[str, typer.Option("--language", help="Language to test, or several: gl,eo.", metavar="CODES")]
Engines = Annotated[
    str, typer.Option(help="Engines to compare: apertium,echo. LABEL=ENGINE names one twice.", metavar="NAMES")
]
ParallelFile = Annotated[
    Path | None,
    typer.Option(help="Texts with their human translations: .jsonl or .tsv (English first), also .gz.", metavar="FILE"),
]
SourceFile = Annotated[Path | None, typer.Option(help="Instead of --file: texts to translate.", metavar="FILE")]
ReferenceFile = Annotated[
    Path | None, typer.Option(help="With --source: their translations, line by line.", metavar="FILE")
]
SourceField = Annotated[str, typer.Option(help="Field or column of --file with the English text.", metavar="NAME")]
TargetField = Annotated[str, typer.Option(help="Field or column of --file with the other language.", metavar="NAME")]
Way = Annotated[str, typer.Option("--direction", help="from or to English.", metavar="DIRECTION")]
Limit = Annotated[int | None, typer.Option(min=1, help="Draw so many texts of each language.", metavar="N")]
Seed = Annotated[int, typer.Option(min=0, help="Seed of the draw, the intervals and the p-values.")]
Samples = Annotated[int, typer.Option(min=100, max=100_000, help="Resamples of an interval, exchanges of a p-value.")]
EngineSettings = Annotated[
    list[str],
    typer.Option("--option", metavar="ENGINE.KEY=VALUE", help="Set an engine's option; may be repeated."),
]
Budget = Annotated[float, typer.Option(min=0, help="Spend at most so many USD on engines that charge.")]
Fresh = Annotated[bool, typer.Option("--fresh", help="Do not read the translation memory: send and time everything.")]
Memory = Annotated[
    Path | None, typer.Option(help="The translation memory; by default the cache folder's.", metavar="FILE")
]
Out = Annotated[Path | None, typer.Option(help="Folder of the results; by default one in bench-mt/.", metavar="FOLDER")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")]


def bench_mt(
    languages: Languages,
    engines: Engines,
    file: ParallelFile = None,
    source: SourceFile = None,
    reference: ReferenceFile = None,
    source_field: SourceField = "",
    target_field: TargetField = "",
    direction: Way = "from",
    limit: Limit = None,
    seed: Seed = 0,
    samples: Samples = 1000,
    settings: EngineSettings = [],  # noqa: B006 (typer copies it)
    budget: Budget = 1.0,
    fresh: Fresh = False,
    memory: Memory = None,
    out: Out = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Compare translation engines on your own texts: scores, speed, price, structure.

    Every engine translates the texts, and sacrebleu holds what it makes against the human translations. Results, outputs
    and a figure go to --out; a bench that was stopped goes on with the same command and pays for nothing twice.

    Example: taco bench-mt --language gl --engines apertium,echo --file parallel.jsonl
    """
    from taco.bench.options import BenchOptions, choose_engines
    from taco.bench.run import run_bench
    from taco.progress import open_progress
    from taco.store.cache import cache_folder

    options = BenchOptions(
        languages=_find_languages(languages),
        engines=choose_engines(_split(engines, "--engines"), settings),
        corpus=_choose_corpus(file, source, reference, source_field, target_field),
        direction=_check_direction(direction),
        limit=limit,
        seed=seed,
        samples=samples,
        budget_usd=budget,
        is_fresh=fresh,
    )
    folder = out or _name_folder(options)
    results = run_bench(
        options, out=folder, memory=memory or cache_folder() / "memory.sqlite", progress=open_progress(quiet=quiet)
    )
    if as_json:
        print((folder / "results.json").read_text(encoding="utf-8"), end="")
        return
    from taco.bench.terminal import render_results
    from taco.cli.streams import open_console

    open_console().print(render_results(results))
    print(f"\nResults, outputs and figures: {folder}")


def _name_folder(options: BenchOptions) -> Path:
    codes = "-".join(language.code for language in options.languages)
    return Path("bench-mt") / f"{options.corpus.paths[0].name.partition('.')[0]}-{options.direction}-en-{codes}"


def _find_languages(names: str) -> tuple[Language, ...]:
    from taco.languages.table import ENGLISH, find_language

    languages = tuple(dict.fromkeys(find_language(name) for name in _split(names, "--language")))
    if ENGLISH in languages:
        raise RecipeError("--language: English is the other side of every pair.", hint="--direction says which way.")
    return languages


def _split(text: str, option: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise RecipeError(f"{option} names nothing.", hint="Several names are parted by commas.")
    return names


def _check_direction(direction: str) -> Direction:
    if direction not in ("from", "to"):
        raise RecipeError(f"--direction {direction!r}: expected 'from' or 'to'.")
    return cast("Direction", direction)


def _choose_corpus(
    file: Path | None, source: Path | None, reference: Path | None, source_field: str, target_field: str
) -> Corpus:
    from taco.bench.options import Corpus

    has_two = source is not None and reference is not None
    has_one_of_two = (source is None) != (reference is None)
    if has_one_of_two or has_two == (file is not None):
        raise RecipeError("Give one file with --file, or two with --source and --reference.")
    if bool(source_field) != bool(target_field) or (has_two and source_field):
        raise RecipeError("--source-field and --target-field go together, and with --file.")
    return Corpus(file=file, source=source, reference=reference, source_field=source_field, target_field=target_field)
