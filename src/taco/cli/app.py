"""The `taco` command. Heavy modules are imported inside the commands, so that --help answers at once."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path
from typing import Annotated, Any

import typer

from taco import __version__
from taco.cli.annotate import annotate_app
from taco.cli.answer import answer
from taco.cli.audit import audit
from taco.cli.bench import bench_mt
from taco.cli.benchmark import decontaminate, export_benchmark, translate_benchmark
from taco.cli.chat import chat
from taco.cli.export import export
from taco.cli.failures import failures
from taco.cli.feedback import feedback
from taco.cli.judge import judge
from taco.cli.publish import publish
from taco.cli.serve import serve
from taco.cli.streams import drop_output, flush_output, prepare_output
from taco.cli.study import study_app
from taco.cli.study_cost import study_cost
from taco.cli.study_tokens import study_tokens
from taco.cli.study_transfer import study_transfer
from taco.cli.tokens import tokens

EXIT_FAULT = 70
EXIT_INTERRUPTED = 130

app = typer.Typer(
    name="taco",
    help="Teach an instruction-tuned LLM a language that it barely knows.\n\n"
    "Example: taco run recipes/quickstart.toml --set language=eo",
    epilog="Exit codes: 0 done, 2 command line, 3 recipe, 4 data, 5 translation engine, 6 model or training, 7 judge, "
    "8 publishing, 9 run folder, cache or disk, 10 budget spent, 70 a fault of taco, 130 interrupted.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
recipe_app = typer.Typer(help="Check a recipe, or show it with every option filled in.", no_args_is_help=True)
app.add_typer(recipe_app, name="recipe")
app.add_typer(study_app, name="study")
app.add_typer(annotate_app, name="annotate")

RecipePath = Annotated[Path, typer.Argument(help="The recipe, a TOML file.", metavar="RECIPE")]
Settings = Annotated[
    list[str],
    typer.Option("--set", metavar="KEY=VALUE", help="Take this value instead of the recipe's; may be repeated."),
]
Runs = Annotated[Path, typer.Option("--runs", help="Folder that holds the run folders.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"taco {__version__}")
        raise typer.Exit


@app.callback()
def _taco(
    version: Annotated[bool, typer.Option("--version", callback=_show_version, is_eager=True)] = False,
) -> None: ...


@app.command()
def run(
    recipe: RecipePath,
    settings: Settings = [],  # noqa: B006 (typer copies it)
    runs: Runs = Path("runs"),
    until: Annotated[str | None, typer.Option(help="Stop after this stage.", metavar="STAGE")] = None,
    again: Annotated[str | None, typer.Option(help="Run this stage even if it is up to date.", metavar="STAGE")] = None,
    on_bad_row: Annotated[
        str | None, typer.Option(help="fail or drop: what to do with a malformed row.", metavar="WHAT")
    ] = None,
    budget: Annotated[
        float | None,
        typer.Option(help="US dollars that translation may cost in all, over all runs of this name.", metavar="USD"),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> None:
    """Run a recipe: every stage that is not up to date, in order.

    A run that was stopped, however hard, goes on where it was when the same command is given again. The result is a
    table here and RUNS/NAME/report.html. A recipe with several languages makes one run for each.

    Example: taco run recipes/quickstart.toml --set language=eo
    """
    from taco.cli.running import run_all
    from taco.recipe.load import load_recipe

    if on_bad_row:
        settings = [*settings, f"source.on_bad_row={on_bad_row}"]
    if budget is not None:
        settings = [*settings, f"translate.budget_usd={budget}"]
    run_all(load_recipe(recipe, settings=settings), runs=runs, until=until, again=again, quiet=quiet)


@app.command()
def train(
    recipe: RecipePath,
    settings: Settings = [],  # noqa: B006 (typer copies it)
    runs: Runs = Path("runs"),
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> None:
    """Run the train stage alone; started by torchrun or accelerate, in several processes that share the work.

    The stages before it must be done: taco run RECIPE --until chain. Afterwards `taco run RECIPE` goes on.

    Example: torchrun --nproc-per-node 2 -m taco.cli.app train recipes/quickstart.toml
    """
    from taco.cli.launching import train_all
    from taco.recipe.load import load_recipe

    train_all(load_recipe(recipe, settings=settings), runs=runs, quiet=quiet)


@app.command()
def plan(
    recipe: RecipePath,
    settings: Settings = [],  # noqa: B006 (typer copies it)
    runs: Runs = Path("runs"),
    rows: Annotated[
        int | None, typer.Option(help="Take the source for a sample of so many rows.", min=1, metavar="N")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say which stages a run would do, what translation would send and cost, and what it would fetch; and do nothing.

    Example: taco plan recipes/quickstart.toml
    """
    from taco.cli.planning import print_plan
    from taco.progress import open_progress
    from taco.recipe.load import load_recipe
    from taco.store.cache import cache_folder

    print_plan(
        load_recipe(recipe, settings=settings),
        runs=runs,
        cache=cache_folder(),
        progress=open_progress(quiet=as_json),
        as_json=as_json,
        rows=rows,
    )


@app.command()
def dataset(
    recipe: RecipePath,
    out: Annotated[
        Path | None, typer.Option(help="The data set's folder; datasets/NAME if not given.", metavar="FOLDER")
    ] = None,
    settings: Settings = [],  # noqa: B006 (typer copies it)
    runs: Runs = Path("runs"),
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> None:
    """Write a recipe's rows as a Hugging Face data set folder.

    The stages up to the chains are run where they are not up to date; no model is needed. The folder holds Parquet
    files, a card, the licences of the rows and where each row is from; datasets.load_dataset loads it.

    Example: taco dataset recipes/quickstart.toml --out galician
    """
    from taco.cli.dataset import print_dataset
    from taco.progress import open_progress
    from taco.recipe.load import load_recipe
    from taco.store.cache import cache_folder

    print_dataset(
        load_recipe(recipe, settings=settings),
        runs=runs,
        cache=cache_folder(),
        out=out,
        progress=open_progress(quiet=quiet),
    )


@app.command()
def report(
    runs: Annotated[list[Path], typer.Argument(help="Folders of finished runs.", metavar="RUN")],
    out: Annotated[
        Path | None, typer.Option(help="Write a page here, and its content as JSON beside it.", metavar="FILE.html")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print the table of finished runs again, or put them side by side on one page.

    Of several runs, the others are compared with the first one, answer by answer where they were asked the same.

    Examples: taco report runs/quickstart-gl

    taco report runs/small-gl runs/large-gl --out side-by-side.html
    """
    from taco.cli.reporting import print_report

    print_report(runs, out=out, as_json=as_json)


@app.command()
def languages(
    text: Annotated[str | None, typer.Argument(help="A part of a name, or a code.", metavar="TEXT")] = None,
    script: Annotated[str | None, typer.Option(help="Only this script, as an ISO 15924 code.")] = None,
    engine: Annotated[str | None, typer.Option(help="Only those that have a code there: google or nllb.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the languages that taco knows, with every code.

    Example: taco languages nep
    """
    from taco.cli.listing import print_languages

    print_languages(text, script=script, engine=engine, as_json=as_json)


study_app.command("tokens")(study_tokens)
study_app.command("cost")(study_cost)
study_app.command("transfer")(study_transfer)
app.command("tokens")(tokens)
app.command("bench-mt")(bench_mt)
app.command("failures")(failures)
app.command("audit")(audit)
app.command("judge")(judge)
app.command("serve")(serve)
app.command("chat")(chat)
app.command("feedback")(feedback)
app.command("decontaminate")(decontaminate)
app.command("answer")(answer)
app.command("translate-benchmark")(translate_benchmark)
app.command("export-benchmark")(export_benchmark)
app.command("export")(export)
app.command("publish")(publish)


@recipe_app.command("check")
def check_recipe(recipe: RecipePath, settings: Settings = []) -> None:  # noqa: B006 (typer copies it)
    """Check a recipe and name all its faults.

    Example: taco recipe check recipes/quickstart.toml
    """
    from taco.cli.training import describe_training
    from taco.recipe.load import load_recipe

    loaded = load_recipe(recipe, settings=settings)
    for one in loaded.split():
        print(f"{recipe} is a valid recipe for {one.target.name}; its run is {one.run_name}.")
    print(describe_training(loaded))


@recipe_app.command("show")
def show_recipe(recipe: RecipePath, settings: Settings = [], as_json: AsJson = False) -> None:  # noqa: B006
    """Print a recipe with every option filled in, as TOML.

    Example: taco recipe show recipes/quickstart.toml --set train.epochs=2
    """
    from taco.recipe.load import load_recipe

    loaded = load_recipe(recipe, settings=settings)
    if as_json:
        print(loaded.model_dump_json(indent=1))
    else:
        import tomli_w

        print(tomli_w.dumps(_without_none(loaded.model_dump(mode="json"))), end="")


def _without_none(value: Any) -> Any:
    """TOML has no null: an option that is left out is not written."""
    if isinstance(value, dict):
        return {key: _without_none(inner) for key, inner in value.items() if inner is not None}
    return [_without_none(inner) for inner in value] if isinstance(value, list) else value


def _run() -> None:
    """Run the command line; a full disk, wherever it is met, is a `StoreError`.

    Raises:
        StoreError: A file, or standard output, cannot be written any more.
        KeyboardInterrupt: The user stopped it; typer turns that into an exit without a word.
    """
    from taco.store.files import FULL_DISK, disk_faults

    try:
        try:
            app()
        finally:
            flush_output()
    except SystemExit as ended:
        if ended.code == EXIT_INTERRUPTED:
            raise KeyboardInterrupt from ended
        raise
    except OSError as error:
        if error.errno not in FULL_DISK:
            raise
        drop_output()
        with disk_faults(Path("the output")):
            raise


def main() -> None:
    """Run the command line and turn errors into one screen and an exit code."""
    from taco.errors import TacoError

    prepare_output()
    try:
        _run()
    except TacoError as error:
        print(f"taco: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        print("\ntaco: stopped. What is done is kept; the same command goes on from there.", file=sys.stderr)
        sys.exit(EXIT_INTERRUPTED)
    except BrokenPipeError:
        drop_output()  # its reader has gone, as `head` does
        sys.exit(1)
    except Exception:
        traceback.print_exc()
        print(f"taco: this is a fault of taco {__version__}; please report it with the lines above.", file=sys.stderr)
        sys.exit(EXIT_FAULT)


if __name__ == "__main__":
    main()
