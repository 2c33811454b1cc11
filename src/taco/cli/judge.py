"""`taco judge`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from taco.cli.settings import nest_settings, read_settings
from taco.errors import RecipeError, list_faults

if TYPE_CHECKING:
    from taco.evaluate.judge.options import JudgeOptions
    from taco.evaluate.judge.panel import Panelist
    from taco.evaluate.judge.systems import Asked

Paths = Annotated[
    list[Path],
    typer.Argument(
        help="Run folders, folders that taco answer made, or files of answers (.jsonl).", metavar="RUN_OR_ANSWERS..."
    ),
]
Models = Annotated[
    list[str], typer.Option("--judge-model", help="The model that judges; several make a jury.", metavar="MODEL")
]
BaseUrl = Annotated[
    str | None, typer.Option(help="Address of a server that speaks OpenAI's chat protocol.", metavar="URL")
]
JudgeName = Annotated[str, typer.Option("--judge", help="openai, or echo, which is no judge.", metavar="NAME")]
JudgeSettings = Annotated[
    list[str], typer.Option("--option", metavar="KEY=VALUE", help="Set an option of the judges; may be repeated.")
]
PanelFile = Annotated[
    Path | None, typer.Option("--judges", help="A jury as TOML, a table [[judge]] for each.", metavar="FILE")
]
Mode = Annotated[str, typer.Option(help="single, rubric or pair.", metavar="MODE")]
Settings = Annotated[
    list[str], typer.Option("--set", metavar="KEY=VALUE", help="Set how answers are judged; may be repeated.")
]
Prompts = Annotated[
    Path | None, typer.Option(help="FastChat's judge_prompts.jsonl, instead of taco's prompts.", metavar="FILE")
]
BenchmarkFile = Annotated[
    Path | None, typer.Option(help="Questions of answers that do not bring their own.", metavar="FILE")
]
References = Annotated[Path | None, typer.Option(help="Reference answers of the benchmark.", metavar="FILE")]
Categories = Annotated[
    Path | None, typer.Option(help="A benchmark with the same ids that names the categories.", metavar="FILE")
]
LanguageName = Annotated[
    str, typer.Option("--language", help="Language of answers that do not say it.", metavar="CODE")
]
TemplateName = Annotated[
    str, typer.Option("--template", help="Template of chains in files of answers.", metavar="NAME")
]
CalibrationFile = Annotated[
    Path | None,
    typer.Option("--calibration", help="Answers with human scores, to hold judges against.", metavar="FILE"),
]
BackEngine = Annotated[
    str,
    typer.Option("--back-translate", help="Engine that shows a rubric's judge answers in English.", metavar="ENGINE"),
]
Budget = Annotated[float | None, typer.Option(min=0, help="Spend at most so many USD in all.", metavar="USD")]
Store = Annotated[Path | None, typer.Option(help="The file of replies; by default the cache folder's.", metavar="FILE")]
Out = Annotated[Path | None, typer.Option(help="Folder of the results; by default the run's judge/.", metavar="FOLDER")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")]


def judge(
    paths: Paths,
    models: Models = [],  # noqa: B006 (typer copies it)
    base_url: BaseUrl = None,
    judge_name: JudgeName = "openai",
    judge_settings: JudgeSettings = [],  # noqa: B006
    panel_file: PanelFile = None,
    mode: Mode = "single",
    settings: Settings = [],  # noqa: B006
    prompts: Prompts = None,
    benchmark: BenchmarkFile = None,
    references: References = None,
    categories: Categories = None,
    language: LanguageName = "",
    template: TemplateName = "taco",
    calibration: CalibrationFile = None,
    back_engine: BackEngine = "",
    budget: Budget = None,
    store: Store = None,
    out: Out = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Let a language model judge answers. It costs money, so no recipe does it by itself.

    Of a chain only the target-language section is judged; of conversations every turn, later ones with all that was said
    before. Every reply is kept: judging that was stopped goes on with the
    same command and pays for nothing twice. Verdicts and scores go to --out; see docs/judge.md.

    Example: taco judge runs/quickstart-gl --judge-model MODEL --base-url http://127.0.0.1:8000/v1
    """
    from taco.cli.judging import Sources, judge_files, print_judge
    from taco.progress import open_progress

    options = _choose_options(mode, prompts, budget, settings)
    if back_engine and options.mode != "rubric":
        raise RecipeError("--back-translate is for a rubric; no other judge sees it.", hint="--mode rubric")
    panel = _choose_panel(judge_name, models, base_url, judge_settings, panel_file)
    folder = out or _find_folder(paths, mode)
    sources = Sources(
        paths=paths,
        asked=choose_asked(benchmark, references, categories, language, template),
        calibration=calibration,
        files=[path for path in (benchmark, references, categories, prompts) if path is not None],
        back_engine=back_engine,
    )
    judge_files(options, panel, sources, store=store, out=folder, progress=open_progress(quiet=quiet))
    print_judge(folder, as_json=as_json)


def _find_folder(paths: Sequence[Path], mode: str) -> Path:
    name = "judge" if mode == "single" else f"judge-{mode}"
    if len(paths) == 1:
        return paths[0] / name if paths[0].is_dir() else paths[0].with_suffix("") / name
    raise RecipeError("Several runs or files have no folder of their own.", hint="Name one with --out FOLDER.")


def _choose_options(mode: str, prompts: Path | None, budget: float | None, settings: Sequence[str]) -> JudgeOptions:
    from pydantic import ValidationError

    from taco.evaluate.judge.options import JudgeOptions

    table: dict[str, Any] = {"mode": mode, "prompts": prompts, "budget_usd": budget}
    table |= nest_settings(read_settings(settings, "--set"))
    try:
        return JudgeOptions(**table)
    except ValidationError as error:
        faults = "; ".join(list_faults(error, whole="the options"))
        raise RecipeError(f"Answers cannot be judged like this: {faults}.", hint="See docs/judge.md.") from None


def _choose_panel(
    name: str, models: Sequence[str], base_url: str | None, settings: Sequence[str], file: Path | None
) -> tuple[Panelist, ...]:
    from taco.evaluate.judge.panel import check_panel, make_panelist, read_panel

    given = read_settings(settings, "--option") | ({} if base_url is None else {"base_url": base_url})
    if file is not None:
        if models or given:
            raise RecipeError("--judges names the judges and their options; give nothing else of them.")
        return read_panel(file)
    if name == "openai" and not models:
        raise RecipeError("Nobody is named who judges.", hint="--judge-model MODEL, or a jury with --judges FILE.")
    each: list[dict[str, Any]] = [{"model": model} for model in models] or [{}]
    return check_panel([make_panelist(name, {**given, **one}) for one in each])


def choose_asked(
    benchmark: Path | None, references: Path | None, categories: Path | None, language: str, template: str
) -> Asked:
    """Read the questions of answers that do not bring their own, see `Asked`.

    Raises:
        RecipeError: Files belong to a benchmark that is not named, or there is no such language.
        DataError: A file is missing or damaged.
    """
    from taco.evaluate.benchmark.read import read_benchmark
    from taco.evaluate.judge.systems import Asked
    from taco.languages.table import find_language

    if benchmark is None and (references or categories):
        raise RecipeError("--references and --categories belong to a --benchmark.")
    questions = read_benchmark(benchmark, references=references, categories=categories) if benchmark else ()
    code = find_language(language).code if language else ""
    return Asked(questions={question.id: question for question in questions}, language=code, template=template)
