"""Judges' verdicts on a run's answers, where there are any, see `taco judge`.

A run may be judged long after it was made, and answered anew after it was judged. So verdicts count only where their
scores.json names the very files of questions and answers that the run holds now, by SHA-256; others are another answer's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from taco.errors import DataError
from taco.evaluate.benchmark.learnt import FILE as LEARNT
from taco.evaluate.judge.judgement import Judgement
from taco.evaluate.judge.scores import JudgeScores, read_judge_scores
from taco.evaluate.judge.systems import BENCHMARK, QUESTIONS, name_folder
from taco.measure.bootstrap import Bootstrap, Estimate
from taco.measure.clusters import estimate_clustered_mean
from taco.measure.expand import EVERYWHERE
from taco.records import ARMS, from_json
from taco.report.content import Judged, JudgeVerdict
from taco.store.files import digest_file, disk_faults

FOLDERS = {"judge": "", "judge-rubric": ", rubric", "judge-pair": ", pairs"}
"""Folder of a run -> what is written behind a judge's name."""

FILES = ("scores.json", "verdicts.jsonl")
"""What is read of each folder."""

JUDGED = ("chain/heldout.jsonl", *(f"generate/{arm}.jsonl" for arm in ARMS))
"""What verdicts are about, in the run folder."""

ANSWERED = (QUESTIONS, *(f"{arm}.jsonl" for arm in ARMS))
"""What verdicts are about, in a folder of answers to a benchmark."""


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What judges said about a run's answers.

    Attributes:
        by_turn: (arm, id, turn) -> verdicts, in the order of the file.
        scores: Folder -> what judging found; the run's own systems are called as its arms are.
        faults: Why verdicts that are there are not shown, in sentences.
        unread: Number of lines that are no verdict on an answer.
    """

    by_turn: Mapping[tuple[str, str, int], tuple[JudgeVerdict, ...]] = field(default_factory=dict)
    scores: Mapping[str, JudgeScores] = field(default_factory=dict)
    faults: tuple[str, ...] = ()
    unread: int = 0

    @property
    def by_answer(self) -> dict[tuple[str, str], tuple[JudgeVerdict, ...]]:
        """(arm, id) -> verdicts on the first turn, which is the only one of a run's own answers."""
        return {(arm, id_): verdicts for (arm, id_, turn), verdicts in self.by_turn.items() if turn == 1}

    def describe(self) -> Judged | None:
        """Return what a page says of them; None where nobody judged."""
        if not self.scores and not self.faults:
            return None
        return Judged(scores=dict(self.scores), faults=self.faults, unread=self.unread)

    def estimate_ratings(self, bootstrap: Bootstrap) -> dict[str, dict[str, Estimate]]:
        """Return judge -> arm -> mean rating, turns of a question drawn together; answers without a rating are unscored."""
        ends = {
            f"{judge}{FOLDERS[folder]}": (judged.options.lowest, judged.options.highest)
            for folder, judged in self.scores.items()
            for judge in judged.judges
        }
        scores: dict[str, dict[str, list[tuple[str, float | None]]]] = {}
        for (arm, id_, _), verdicts in self.by_turn.items():
            for verdict in verdicts:
                scores.setdefault(verdict.judge, {}).setdefault(arm, []).append((id_, verdict.score))
        return {
            judge: {
                arm: estimate_clustered_mean(
                    [score for _, score in found],
                    [id_ for id_, _ in found],
                    bootstrap,
                    scale=ends.get(judge, EVERYWHERE),
                )
                for arm, found in sorted(arms.items())
            }
            for judge, arms in sorted(scores.items())
        }


def read_verdicts(run: Path, *, judged: Sequence[str] = JUDGED) -> Verdicts:
    """Read the verdicts on a run, or on a folder of its answers to a benchmark; absent files are none.

    A folder whose scores are missing, damaged or about other answers is passed over with its reason, a line that is no
    verdict is counted and passed over.

    Args:
        run: The folder.
        judged: What verdicts are about, in the folder.

    Raises:
        StoreError: A file cannot be read.
    """
    found: dict[tuple[str, str, int], tuple[JudgeVerdict, ...]] = {}
    scores: dict[str, JudgeScores] = {}
    faults: list[str] = []
    unread = 0
    for folder, mode in FOLDERS.items():
        if not any((run / folder / name).is_file() for name in FILES):
            continue
        try:
            scores[folder] = _read_scores(run, folder, judged)
        except DataError as error:
            faults.append(f"{folder}/: not shown. {error.message}")
            continue
        for line in _read_lines(run / folder / "verdicts.jsonl"):
            try:
                judgement = from_json(Judgement, line)
            except DataError:
                unread += 1
                continue
            if (arm := _find_arm(run, judgement.system)) is not None:
                key = (arm, *judgement.place)
                found[key] = (*found.get(key, ()), _describe(judgement, mode))
    return Verdicts(found, scores, tuple(faults), unread)


def digest_verdicts(run: Path, *, digest: Callable[[Path], str] = digest_file) -> dict[str, str]:
    """Return the SHA-256 of every file of verdicts and benchmark answers that a run has, by its path in the run folder.

    Args:
        run: The run folder.
        digest: Gives a file's SHA-256.
    """
    said = [f"{folder}/{name}" for folder in FOLDERS for name in FILES]
    answered = [
        f"{BENCHMARK}/{folder.name}/{name}" for folder in list_benchmarks(run) for name in (*ANSWERED, LEARNT, *said)
    ]
    names = [*said, *answered]
    return {name: digest(run / name) for name in names if (run / name).is_file()}


def list_benchmarks(run: Path) -> list[Path]:
    """Return the folders of a run's answers to benchmarks, by name; those that are not finished are left out."""
    folders = sorted((run / BENCHMARK).iterdir()) if (run / BENCHMARK).is_dir() else []
    return [folder for folder in folders if all((folder / name).is_file() for name in ANSWERED)]


def _read_scores(run: Path, folder: str, names: Sequence[str]) -> JudgeScores:
    """Read the scores of one folder.

    Raises:
        DataError: They are missing or damaged, or about other answers than the run's.
    """
    path = run / folder / "scores.json"
    if not path.is_file():
        raise DataError("The verdicts have no scores.json: judging was not finished.")
    try:
        scores = read_judge_scores(path)
    except DataError as error:
        raise DataError("Its scores.json cannot be read.") from error
    judged = set(scores.inputs.values())
    other = [name for name in names if not (run / name).is_file() or digest_file(run / name) not in judged]
    if other:
        raise DataError(f"The verdicts are about other files than the run's {', '.join(other)}.")
    return _name_arms(scores, run)


def _find_arm(run: Path, system: str) -> str | None:
    """Return the arm that a judged system is; None for another run's, where several were judged together."""
    arm = system.removeprefix(f"{name_folder(run)}/")
    return arm if arm in ARMS else None


def _name_arms(scores: JudgeScores, run: Path) -> JudgeScores:
    """Return the scores of the run's own systems alone, called as its arms are."""
    arms = {system: arm for system in _list_systems(scores) if (arm := _find_arm(run, system)) is not None}
    return scores.model_copy(
        update={
            "systems": {arms[name]: voices for name, voices in scores.systems.items() if name in arms},
            "differences": tuple(
                one.model_copy(update={"first": arms[one.first], "second": arms[one.second]})
                for one in scores.differences
                if one.first in arms and one.second in arms
            ),
            "pairs": tuple(
                one.model_copy(update={"first": arms[one.first], "second": arms[one.second]})
                for one in scores.pairs
                if one.first in arms and one.second in arms
            ),
        }
    )


def _list_systems(scores: JudgeScores) -> Iterator[str]:
    yield from scores.systems
    for pair in scores.pairs:
        yield from (pair.first, pair.second)


def _read_lines(path: Path) -> list[str]:
    if not path.is_file():
        return []
    with disk_faults(path, "read"):
        text = path.read_text(encoding="utf-8", errors="replace")
    return [line for line in text.split("\n") if line.strip()]


def _describe(judgement: Judgement, mode: str) -> JudgeVerdict:
    score = judgement.score if judgement.score is not None and math.isfinite(judgement.score) else None
    return JudgeVerdict(
        judge=f"{judgement.judge}{mode}",
        score=score,
        axes={axis: value for axis, value in judgement.axes.items() if math.isfinite(value)},
        reason=judgement.reason,
        explanation=judgement.explanation,
    )
