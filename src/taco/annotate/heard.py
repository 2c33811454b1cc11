"""What judges said about the answers that people rated: verdicts of `taco judge`, joined by system and question.

Verdicts count only where the judge's scores.json names the very files that the study was made from, by SHA-256; others are about
other answers. For judgement files of other programs see `taco.annotate.judged_texts`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from taco.annotate.judged_texts import read_judged_texts
from taco.annotate.key import Key, Place, StudyInput
from taco.annotate.options import OVERALL, PREFERENCE
from taco.errors import DataError
from taco.evaluate.judge.judgement import Judgement, PairJudgement
from taco.evaluate.judge.scores import read_judge_scores
from taco.store.jsonl import read_records

FOLDERS = ("judge", "judge-rubric", "judge-pair")
_MODES = {"judge": "", "judge-rubric": ", rubric", "judge-pair": ", pairs"}
_WINNERS = {"first": -1.0, "tie": 0.0, "second": 1.0}


@dataclass(slots=True)
class Heard:
    """Judges' words.

    Attributes:
        verdicts: Judge -> axis -> place -> rating; of pairs -1, 0 or 1 as people's.
        faults: Why verdicts that are there are not used, in sentences.
        folders: Folders and files whose verdicts are used.
    """

    verdicts: dict[str, dict[str, dict[Place, float]]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    folders: list[Path] = field(default_factory=list)


def hear_judges(keys: Sequence[Key], folders: Sequence[Path]) -> Heard:
    """Read the verdicts in the folders and files given, and in those that `taco judge` makes beside the studies' inputs.

    A folder or file without a verdict on these answers is no error: the reason is among the faults.
    """
    heard = Heard()
    reasons: dict[Path, str] = {}
    for key in keys:
        beside = [path for one in key.inputs for path in _list_beside(Path(one.path))]
        for folder in dict.fromkeys([*folders, *beside]):
            reasons[folder] = _hear(folder, key, heard) or reasons.get(folder, "")
    heard.faults += [f"{folder}: not used. {reasons[folder]}" for folder in reasons if folder not in heard.folders]
    return heard


def _list_beside(path: Path) -> Iterator[Path]:
    home = path if path.is_dir() else path.with_suffix("")
    yield from (home / name for name in FOLDERS if (home / name / "scores.json").is_file())


def _hear(folder: Path, key: Key, heard: Heard) -> str:
    """Take the verdicts of a folder on the answers of a study; return why there are none, "" where there are."""
    if folder.is_file():
        return _hear_file(folder, key, heard)
    try:
        judged = set(read_judge_scores(folder / "scores.json").inputs.values())
        about = [one for one in key.inputs if set(one.digests.values()) <= judged]
        found = list(_read_ratings(folder, key, about))
    except DataError as error:
        return error.message
    if not about:
        return "Its verdicts are about other files than the study's."
    if not found:
        return f"It holds no verdict of the kind that the study needs ({key.options.mode})."
    heard.folders.append(folder)
    for judge, axis, place, value in found:
        name = judge + _MODES.get(folder.name, "")
        heard.verdicts.setdefault(name, {}).setdefault(axis, {})[place] = value
    return ""


def _hear_file(path: Path, key: Key, heard: Heard) -> str:
    """Take the ratings of a judgement file; return why there are none, "" where there are."""
    try:
        found = list(read_judged_texts(path, key))
    except DataError as error:
        return error.message
    if not found:
        return "None of its ratings is on an answer of the study, text by text."
    heard.folders.append(path)
    for judge, place, value in found:
        heard.verdicts.setdefault(judge, {}).setdefault(OVERALL, {})[place] = value
    return ""


def _read_ratings(folder: Path, key: Key, about: Sequence[StudyInput]) -> Iterator[tuple[str, str, Place, float]]:
    names = _name_systems(about)
    if key.options.mode == "pair":
        if (folder / "pairs.jsonl").is_file():
            yield from _read_pairs(folder / "pairs.jsonl", key, names)
        return
    for one in read_records(folder / "verdicts.jsonl", Judgement):
        system = names.get(one.system)
        if system is None or one.reason:  # a missing answer's lowest rating is no verdict
            continue
        values = {**one.axes, **({} if one.score is None else {OVERALL: one.score})}
        for axis, value in values.items():
            if math.isfinite(value):
                yield one.judge, axis, (key.study, one.id, one.turn, (system,)), float(value)


def _read_pairs(path: Path, key: Key, names: Mapping[str, str]) -> Iterator[tuple[str, str, Place, float]]:
    for one in read_records(path, PairJudgement):
        first, second = names.get(one.first), names.get(one.second)
        if first is None or second is None or not one.winner or one.reason:
            continue
        value = _WINNERS[one.winner]
        if key.systems.index(first) > key.systems.index(second):
            first, second, value = second, first, -value
        yield one.judge, PREFERENCE, (key.study, one.id, one.turn, (first, second)), value


def _name_systems(about: Sequence[StudyInput]) -> dict[str, str]:
    """Return the judge's name of a system -> the study's: its own name where it is the only one, else the study's too."""
    names: dict[str, str] = {}
    for one in about:
        for own, name in one.systems.items():
            names[name] = name
            if len(about) == 1:
                names[own] = name
    return names
