"""`taco tokens`: the report as tables or JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from taco.cli.streams import open_console
from taco.errors import RecipeError
from taco.languages.table import find_language
from taco.model.tokenizer import open_tokenizer
from taco.progress import Progress
from taco.recipe.schema import Recipe
from taco.tokens.fit import FITTING, Fit
from taco.tokens.report import CONTEXTS, WHOLE, TokenReport, report_tokens
from taco.tokens.rows import find_rows

COSTLY = 3.0
"""Tokens against English from which another base model is advised. A choice between what was seen: Galician with the embedded
base takes 1.5; in the release of the TaCo paper Nepali and Persian get one character a token of LLaMA's, English 4.2."""

_TITLES = {
    "frame": "system message and frame",
    "prompt": "prompt",
    "instruction_en": "instruction in English",
    "response_en": "response in English",
    "response": "response in {language}",
    "labels": "labels and end",
    WHOLE: "whole row",
}


def print_tokens(
    recipe: Recipe, *, runs: Path, cache: Path, contexts: Sequence[int], as_json: bool, progress: Progress
) -> None:
    """Print what the training rows of each of a recipe's languages cost.

    Args:
        recipe: The recipe, for one language or several.
        runs: Folder that holds the run folders.
        cache: The cache folder.
        contexts: Context lengths in tokens; none for the usual ones. The recipe's own limit is looked at in any case.
        as_json: Print one JSON object instead of tables; a list of them for several languages.
        progress: Where to say how far it is.

    Raises:
        TacoError: Rows or tokenizer cannot be read.
    """
    if wrong := [context for context in contexts if context < 1]:
        raise RecipeError(f"--context {wrong[0]}: expected a number of tokens, 1 or more.")
    tokenizer, signature = open_tokenizer(recipe.model, cache=cache, progress=progress)
    reports = []
    for one in recipe.split():
        found = find_rows(
            one.source,
            run=runs / one.run_name,
            language=one.target,
            folder=Path.cwd(),
            seed=one.seed,
            progress=progress,
        )
        reports.append(
            report_tokens(
                found,
                tokenizer,
                template=one.chain.template,
                language=one.target,
                signature=signature,
                contexts=sorted({*(contexts or CONTEXTS), one.train.max_row_tokens}),
                progress=progress,
            )
        )
    if as_json:
        shown = [asdict(report) for report in reports]
        print(json.dumps(shown if len(shown) > 1 else shown[0], indent=1, ensure_ascii=False))
        return
    for report in reports:
        _print_report(report, open_console())


def _print_report(report: TokenReport, console: Console) -> None:
    def say(line: str) -> None:
        console.print(line, highlight=False, markup=False, soft_wrap=True)

    say(f"{report.language_name}, template {report.template}, {report.tokenizer}")
    if not report.origin:
        say(
            "No row has a translation yet, so nothing can be said about the target language. Translate a sample first: "
            "taco run RECIPE --until translate --set source.limit=200"
        )
        return
    say(f"Examples: {report.measured} measured ({report.origin}), {report.predicted} predicted from them")
    if report.left_out:
        say(f"{report.left_out} rows are left out: the template cannot hold their texts")
    console.print(_show_fertility(report))
    if (cost := report.fertility.get(report.language)) and cost.against_english >= COSTLY:
        say(
            f"This tokenizer hardly knows {report.language_name}: it takes {cost.against_english:.1f} times as many tokens as "
            "English. LoRA does not change that; a base model whose vocabulary knows the language learns and answers faster."
        )
    if report.parts:
        console.print(_show_parts(report))
        console.print(_show_fits(report.fits))
        say(
            f"Best response: the most sentences with which {100 * FITTING:g} % of the rows fit; shorten to them with "
            "source.max_response_sentences"
        )


def _make_table(*titles: str) -> Table:
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    for number, title in enumerate(titles):
        table.add_column(title, justify="right" if number else "left", no_wrap=True)
    return table


def _show_fertility(report: TokenReport) -> Table:
    table = _make_table("language", "characters a token", "tokens against English")
    for code, cost in report.fertility.items():
        table.add_row(find_language(code).name, f"{cost.characters_per_token:.2f}", f"{cost.against_english:.2f}")
    return table


def _show_parts(report: TokenReport) -> Table:
    table = _make_table("tokens of a row", "mean", "median", "95 %", "most")
    for name, spread in report.parts.items():
        numbers = (spread.mean, spread.median, spread.p95, spread.max)
        title = _TITLES[name].format(language=report.language_name)
        table.add_row(title, *(f"{number:,.0f}" for number in numbers))
    if sentences := report.sentences:
        numbers = (sentences.mean, sentences.median, sentences.p95, sentences.max)
        table.add_row("sentences of a response", *(f"{number:,.1f}" for number in numbers))
    return table


def _show_fits(fits: Sequence[Fit]) -> Table:
    table = _make_table("context", "rows over", "share", "over when shortened", "best response")
    for fit in fits:
        share = f"{100 * fit.share_over:.1f} %"
        table.add_row(f"{fit.context:,}", f"{fit.over:,}", share, f"{fit.over_shortened:,}", _describe_best(fit))
    return table


def _describe_best(fit: Fit) -> str:
    if fit.best_sentences is None:
        return "as it is"
    if not fit.best_sentences:
        return "none is short enough"
    return "1 sentence" if fit.best_sentences == 1 else f"{fit.best_sentences} sentences"
