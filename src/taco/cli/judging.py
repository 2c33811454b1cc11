"""What `taco judge` does once its options are read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from taco.evaluate.files.hub import digest_read
from taco.evaluate.judge.back_translation import BackTranslation, translate_back
from taco.evaluate.judge.calibration import read_human_scores
from taco.evaluate.judge.hearing import Desk
from taco.evaluate.judge.options import JudgeOptions
from taco.evaluate.judge.panel import Panelist
from taco.evaluate.judge.prompt import Scale
from taco.evaluate.judge.run import run_judge
from taco.evaluate.judge.scores import read_judge_scores
from taco.evaluate.judge.store import ReplyStore
from taco.evaluate.judge.systems import QUESTIONS, Asked, read_systems
from taco.progress import Progress
from taco.records import ARMS, StageCount
from taco.report.judged import render_judge
from taco.store.cache import cache_folder
from taco.store.memory import Budget
from taco.store.run_folder import RunFolder


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What is read.

    Attributes:
        paths: Run folders, folders of answers to a benchmark, and files of answers.
        asked: Questions of answers that do not bring their own.
        calibration: Answers with human scores; None where there are none.
        files: What else was read, for the record.
        back_engine: The engine that translates answers into English for a rubric; "" for none.
    """

    paths: Sequence[Path]
    asked: Asked
    calibration: Path | None = None
    files: Sequence[Path] = ()
    back_engine: str = ""

    def digest(self) -> dict[str, str]:
        """Return the SHA-256 of every file that is judged or read, by its path."""
        return {path.as_posix(): digest_read(path) for path in self._list_files()}

    def _list_files(self) -> Iterator[Path]:
        for path in self.paths:
            if (path / QUESTIONS).is_file():
                yield from (path / name for name in (QUESTIONS, *(f"{arm}.jsonl" for arm in ARMS)))
            elif path.is_dir():
                yield from (path / name for name in ("chain/heldout.jsonl", *(f"generate/{arm}.jsonl" for arm in ARMS)))
            else:
                yield path
        yield from self.files
        if self.calibration is not None:
            yield self.calibration


def judge_files(
    options: JudgeOptions,
    panel: Sequence[Panelist],
    sources: Sources,
    *,
    store: Path | None,
    out: Path,
    progress: Progress,
) -> StageCount:
    """Judge the answers of runs and files.

    Args:
        options: How answers are judged.
        panel: Who judges.
        sources: What is read.
        store: The file of replies; the cache folder's if None.
        out: The folder of the results; the budget is kept for it.
        progress: Where to say how far it is.

    Raises:
        TacoError: See `run_judge` and `read_systems`.
    """
    asked = sources.asked
    most = options.turns
    submissions = [one for one in read_systems(sources.paths, asked) if most is None or one.turn <= most]
    scale = Scale(options.lowest, options.highest)
    human = (
        read_human_scores(sources.calibration, language=asked.language, template=asked.template, scale=scale)
        if sources.calibration
        else ()
    )
    budget = Budget(account=str(out.resolve()), usd=options.budget_usd)
    if sources.back_engine:
        how = BackTranslation(
            engine=sources.back_engine,
            memory=cache_folder() / "memory.sqlite",
            account=f"judge {budget.account}",
            budget_usd=options.budget_usd,
        )
        submissions = translate_back(submissions, how, progress=progress)
    with RunFolder(out).lock(), ReplyStore(store or cache_folder() / "judge.sqlite") as replies:
        desk = Desk(store=replies, budget=budget, progress=progress)
        return run_judge(options, panel, submissions, human=human, out=out, desk=desk, inputs=sources.digest())


def print_judge(out: Path, *, as_json: bool) -> None:
    """Print what is in a folder of results."""
    if as_json:
        print((out / "scores.json").read_text(encoding="utf-8"), end="")
        return
    from taco.cli.streams import open_console

    open_console().print(render_judge(read_judge_scores(out / "scores.json")))
    print(f"\nVerdicts and scores: {out}")
    if (out.parent / "report.html").is_file():
        print(f"{out.parent / 'report.html'} shows them once taco run RECIPE has made it anew (the report alone).")
