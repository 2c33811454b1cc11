"""A token study from its file to its table and picture. It is quick: a call that was stopped is given again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from taco.model.options import ModelOptions
from taco.model.tokenizer import open_tokenizer, open_tokenizer_file
from taco.progress import Progress
from taco.store.files import digest_file
from taco.study.result import list_paragraphs, write_result
from taco.study.tokens.count import count_texts
from taco.study.tokens.options import TextsOptions, TokenizerOptions, TokenStudy
from taco.study.tokens.show import draw_charts, list_notes, list_tables
from taco.study.tokens.summary import TokenResults, summarise
from taco.study.tokens.texts import read_texts

TITLE = "Tokens by section and language"


def run_tokens(study: TokenStudy, *, folder: Path, cache: Path, progress: Progress) -> tuple[TokenResults, list[Path]]:
    """Count every text with every tokenizer; return the results and the files that hold them.

    Args:
        study: What to count, and with what.
        folder: The study's folder.
        cache: The cache folder.
        progress: Where to say how far it is.

    Raises:
        TacoError: Texts or a tokenizer cannot be read.
    """
    texts = [read_texts(options) for options in study.texts]
    tokenizers = [(options.name, *_open(options, cache, progress)) for options in study.tokenizers]
    total = len(tokenizers) * sum(len(one.rows) for one in texts)
    with progress.task("Counting tokens", total=total, unit="texts") as task:
        summaries = [
            summarise(
                count_texts(one, tokenizer, task=task),
                texts=one.name,
                tokenizer=name,
                signature=signature,
                language=one.language,
                contexts=study.contexts,
                fitting=study.fitting,
                bootstrap=study.bootstrap,
            )
            for one in texts
            for name, tokenizer, signature in tokenizers
        ]
    results = TokenResults(
        study=study.name,
        summaries=tuple(summaries),
        fitting=study.fitting,
        intervals=study.bootstrap.signature,
        inputs={name: digest for options in study.texts for name, digest in _digest(options).items()},
    )
    paths = write_result(
        folder,
        name="tokens",
        title=TITLE,
        numbers=results,
        paragraphs=list_paragraphs("tokens", TITLE, list_tables(results), list_notes(results)),
        charts=draw_charts(results),
    )
    return results, paths


def _open(options: TokenizerOptions, cache: Path, progress: Progress) -> tuple[Any, str]:
    if options.path is not None:
        return open_tokenizer_file(options.path)
    return open_tokenizer(ModelOptions(base=options.base), cache=cache, progress=progress)


def _digest(options: TextsOptions) -> dict[str, str]:
    """Return what the texts were: their files' digests, by the entry's name and the file's."""
    if (options.path / "manifest.json").is_file():
        names = ("chain/train.jsonl",) if options.rows == "chains" else ("chain/heldout.jsonl", "generate/tuned.jsonl")
        files = [options.path / name for name in names]
    else:
        files = sorted(options.path.iterdir()) if options.path.is_dir() else [options.path]
    return {f"{options.name}: {path.name}": digest_file(path) for path in files if path.is_file()}
