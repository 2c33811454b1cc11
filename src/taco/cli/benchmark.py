"""`taco decontaminate`, `taco translate-benchmark` and `taco export-benchmark`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from taco.errors import DataError, RecipeError, list_faults

if TYPE_CHECKING:
    from taco.evaluate.benchmark.translate import TranslatedBenchmark
    from taco.translate.options import TranslateOptions

BenchmarkFile = Annotated[
    Path, typer.Option("--benchmark", help="The questions: .jsonl, .xlsx or hf:owner/name.", metavar="FILE")
]
References = Annotated[
    Path | None, typer.Option(help="Reference answers with the same ids, as FastChat has them.", metavar="FILE")
]
Categories = Annotated[
    Path | None, typer.Option(help="A benchmark with the same ids that names the categories.", metavar="FILE")
]


def decontaminate(
    rows: Annotated[Path, typer.Argument(help="Training rows: JSON or JSON Lines.", metavar="ROWS")],
    benchmark: BenchmarkFile,
    references: References = None,
    out: Annotated[Path | None, typer.Option(help="Write the other rows here, as JSON Lines.", metavar="FILE")] = None,
    overlap: Annotated[float, typer.Option(min=0.01, max=1, help="Share of a text's word 8-grams that counts.")] = 0.7,
    similarity: Annotated[float, typer.Option(min=0.01, max=1, help="Jaccard's index that counts.")] = 0.5,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> None:
    """Find training rows that hold a benchmark's questions or references.

    Exact and near duplicates are listed, one a line: row, question, measure, share, text. With --out the other rows are
    written, and the hits beside them as NAME.contaminated.jsonl.

    Example: taco decontaminate rows.json --benchmark question.jsonl --out clean.jsonl
    """
    from taco.evaluate.benchmark.contamination import ContaminationOptions
    from taco.evaluate.benchmark.decontaminate import decontaminate as find
    from taco.evaluate.benchmark.read import read_benchmark
    from taco.progress import open_progress
    from taco.records import to_json
    from taco.report.wording import write_plain

    questions = read_benchmark(benchmark, references=references)
    options = ContaminationOptions(overlap=overlap, similarity=similarity)
    kept = [path for path in (benchmark, references) if path is not None]
    found = find(rows, questions, options=options, out=out, progress=open_progress(quiet=quiet), kept=kept)
    if as_json:
        hits = [json.loads(to_json(hit)) for hit in found.hits]
        print(json.dumps({"rows": found.rows, "questions": len(questions), "hits": hits}, ensure_ascii=False, indent=1))
        return
    for hit in found.hits:
        text = " ".join("".join(sign if sign.isprintable() else " " for sign in hit.text).split())
        print(f"{hit.origin}\t{write_plain(hit.question)}\t{hit.how}\t{hit.share:.2f}\t{text[:80]}")
    print(f"{len(found.hits)} of {found.rows} rows hold {len(found.questions)} of {len(questions)} questions.")
    if out is not None:
        print(f"The other {found.rows - len(found.hits)} rows: {out}")


def translate_benchmark(
    file: Annotated[
        Path, typer.Argument(help="The questions in English: .jsonl, .xlsx or hf:owner/name.", metavar="FILE")
    ],
    language: Annotated[
        str, typer.Option(help="The language to translate into: a code or a name.", metavar="LANGUAGE")
    ],
    out: Annotated[Path, typer.Option("--out", help="The translated benchmark, as JSON Lines.", metavar="FILE")],
    engine: Annotated[str, typer.Option(help="What translates, as in a recipe.", metavar="NAME")] = "apertium",
    settings: Annotated[
        list[str], typer.Option("--set", metavar="KEY=VALUE", help="Set an option of [translate]; may be repeated.")
    ] = [],  # noqa: B006 - typer reads it, nobody changes it
    references: References = None,
    categories: Categories = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> None:
    """Translate a benchmark as rows are translated: structure kept, every text remembered, what breaks left out.

    Ids, categories and all turns stay, and the English stands beside the translation. The result is a benchmark that judge,
    answer and export-benchmark take. Questions that could not be translated go to NAME.dropped.jsonl.

    Example: taco translate-benchmark question.jsonl --language gl --out vicuna.gl.jsonl
    """
    from taco.evaluate.benchmark.read import read_benchmark
    from taco.evaluate.benchmark.translate import translate_benchmark as translate
    from taco.languages.table import find_language
    from taco.progress import open_progress
    from taco.store.cache import cache_folder
    from taco.store.jsonl import write_records
    from taco.translate.worker import Job

    if out.resolve() in {path.resolve() for path in (file, references, categories) if path is not None}:
        raise DataError(f"{out} is read; it is not written too.", hint="Name another file with --out.")
    options = _choose_translation(engine, settings)
    account = f"benchmark {out.resolve()}"
    job = Job(
        options=options,
        language=find_language(language).code,
        memory=options.memory or cache_folder() / "memory.sqlite",
        run=account,
        account=account,
    )
    questions = read_benchmark(file, references=references, categories=categories)
    found = translate(questions, job, progress=open_progress(quiet=quiet))
    if not found.questions:
        raise DataError(f"{file}: no question could be translated; the first: {found.drops[0].reason}.")
    write_records(out, found.questions)
    dropped = out.with_name(f"{out.name.removesuffix('.jsonl')}.dropped.jsonl")
    if found.drops:
        write_records(dropped, found.drops)
    else:
        dropped.unlink(missing_ok=True)
    _print_translated(found, out, dropped)


def _choose_translation(engine: str, settings: Sequence[str]) -> TranslateOptions:
    from pydantic import ValidationError

    from taco.cli.settings import nest_settings, read_settings
    from taco.translate.options import TranslateOptions

    try:
        return TranslateOptions.model_validate({"engine": engine, **nest_settings(read_settings(settings, "--set"))})
    except ValidationError as error:
        faults = "; ".join(list_faults(error, whole="the options"))
        raise RecipeError(f"Nothing can be translated like this: {faults}.", hint="See docs/recipe.md.") from None


def _print_translated(found: TranslatedBenchmark, out: Path, dropped: Path) -> None:
    asked = len(found.questions) + len(found.drops)
    unknown = (
        f"{found.unknown_words} of {found.words} words unknown to the engine" if found.words else "no words counted"
    )
    print(f"{len(found.questions)} of {asked} questions translated, {unknown}: {out}")
    if found.references_lost:
        print(f"Without their references, which could not be: {', '.join(found.references_lost)}.")
    for drop in found.drops:
        print(f"{drop.id}\t{drop.reason}\t{drop.detail}")
    if found.drops:
        print(f"Left out: {dropped}")


def export_benchmark(
    file: Annotated[Path, typer.Argument(help="The questions: .jsonl, .xlsx or hf:owner/name.", metavar="FILE")],
    out: Annotated[Path, typer.Option("--out", help="Folder of the task.", metavar="DIR")],
    references: References = None,
    categories: Categories = None,
    name: Annotated[str, typer.Option(help="The task's name; by default the file's.", metavar="NAME")] = "",
) -> None:
    """Write a benchmark as a task folder of lm-evaluation-harness: YAML, questions, a card.

    The harness asks one turn a question: further turns stay in the file, and taco answer asks them.

    Example: taco export-benchmark question.jsonl --references reference_answer_gpt4.jsonl --out vicuna --name vicuna
    """
    from taco.evaluate.benchmark.read import read_benchmark
    from taco.evaluate.files.hub import digest_read, is_on_hub
    from taco.publish.harness.write import export_benchmark as write

    questions = read_benchmark(file, references=references, categories=categories)
    source = file.as_posix() if is_on_hub(file) else file.name
    tasks = write(questions, out, name=name or file.stem, source=source, digest=digest_read(file))
    print(f"{out}: {', '.join(tasks)}")
    if later := sum(len(question.turns) > 1 for question in questions):
        print(f"{later} questions have further turns: they are in the file, the harness asks first turns alone.")
