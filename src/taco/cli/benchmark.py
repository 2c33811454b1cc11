"""`taco decontaminate` and `taco export-benchmark`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

BenchmarkFile = Annotated[Path, typer.Option("--benchmark", help="The questions: .jsonl or .xlsx.", metavar="FILE")]
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

    questions = read_benchmark(benchmark, references=references)
    options = ContaminationOptions(overlap=overlap, similarity=similarity)
    found = find(rows, questions, options=options, out=out, progress=open_progress(quiet=quiet))
    if as_json:
        hits = [json.loads(to_json(hit)) for hit in found.hits]
        print(json.dumps({"rows": found.rows, "questions": len(questions), "hits": hits}, ensure_ascii=False, indent=1))
        return
    for hit in found.hits:
        text = " ".join("".join(sign if sign.isprintable() else " " for sign in hit.text).split())
        print(f"{hit.origin}\t{hit.question}\t{hit.how}\t{hit.share:.2f}\t{text[:80]}")
    print(f"{len(found.hits)} of {found.rows} rows hold {len(found.questions)} of {len(questions)} questions.")
    if out is not None:
        print(f"The other {found.rows - len(found.hits)} rows: {out}")


def export_benchmark(
    file: Annotated[Path, typer.Argument(help="The questions: .jsonl or .xlsx.", metavar="FILE")],
    out: Annotated[Path, typer.Option("--out", help="Folder of the task.", metavar="DIR")],
    references: References = None,
    categories: Categories = None,
    name: Annotated[str, typer.Option(help="The task's name; by default the file's.", metavar="NAME")] = "",
) -> None:
    """Write a benchmark as a task folder of lm-evaluation-harness: YAML, questions, a card.

    Example: taco export-benchmark question.jsonl --references reference_answer_gpt4.jsonl --out vicuna --name vicuna
    """
    from taco.evaluate.benchmark.read import read_benchmark
    from taco.publish.harness.write import export_benchmark as write
    from taco.store.files import digest_file

    questions = read_benchmark(file, references=references, categories=categories)
    tasks = write(questions, out, name=name or file.stem, source=file.name, digest=digest_file(file))
    print(f"{out}: {', '.join(tasks)}")
