"""Made-up studies: answers of several systems, their sheets, and judges' folders beside them."""

import hashlib
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from taco.annotate.key import Key, StudyInput, read_key
from taco.annotate.make import run_make
from taco.annotate.options import StudyOptions
from taco.evaluate.judge.hearing import Heard
from taco.evaluate.judge.judgement import Judgement, PairJudgement
from taco.evaluate.judge.options import JudgeOptions
from taco.evaluate.judge.run import build_scores
from taco.evaluate.judge.scores import write_judge_scores
from taco.evaluate.judge.store import Spending
from taco.evaluate.judge.submission import Exchange, Submission
from taco.store.jsonl import write_records

WORDS = {
    "gl": "o aire espalla a luz azul máis que a vermella así que o ceo semella azul durante o día",
    "fa": "هوا نور آبی را بیشتر از نور قرمز پراکنده می‌کند بنابراین آسمان آبی به نظر می‌رسد",
    "ne": "हावाले नीलो प्रकाशलाई रातोभन्दा बढी छर्छ त्यसैले आकाश नीलो देखिन्छ",
}
HOSTILE = "=cmd|' /C calc'!A0</script><img src=x onerror=\"document.title='broken'\">\u2028&lt;b&gt; {/*SHEET*/} POLICY"


def make_submissions(
    *, questions: int = 8, systems: Sequence[str] = ("alpha", "beta", "gamma", "delta"), language: str = "gl"
) -> list[Submission]:
    """Make answers whose texts all differ, of lengths that differ too."""
    words = WORDS[language].split()
    found = []
    for system in systems:
        for number in range(questions):
            drawn = random.Random(f"{system} {number} {language}")
            text = " ".join(drawn.choices(words, k=4 * 2 ** drawn.randrange(5)))
            found.append(
                Submission(
                    id=str(number),
                    system=system,
                    category=("writing", "math")[number % 2],
                    language=language,
                    question=f"{' '.join(words[:5])} {number}?",
                    answer=f"{text} {number}{system[0]}",
                    reference="The sky is blue.",
                )
            )
    return found


def make_conversations(*, questions: int = 4, systems: Sequence[str] = ("a", "b")) -> list[Submission]:
    """Make conversations of two turns; the last system's first question is not answered, so its second is cut off."""
    first = make_submissions(questions=questions, systems=systems)
    lost = next(one for one in first if (one.id, one.system) == ("0", systems[-1]))
    first = [replace(one, answer="") if one is lost else one for one in first]
    return first + [
        replace(
            one,
            question=f"E logo {one.id}?",
            answer=f"Logo {one.id}{one.system}.",
            earlier=(Exchange(one.question, one.answer),),
        )
        for one in first
    ]


def make_study(folder: Path, submissions: Sequence[Submission], **options: object) -> Key:
    """Make a study and return its key."""
    chosen = StudyOptions.model_validate({"raters": ("ana", "bea", "cai"), "each": 2, "seed": 1, **options})
    run_make(chosen, submissions, inputs=[name_input(submissions, folder)], out=folder)
    return read_key(folder)


def name_input(submissions: Sequence[Submission], folder: Path) -> StudyInput:
    """Return where made-up answers would be from."""
    systems = {one.system: one.system for one in submissions}
    return StudyInput(path=f"{folder}/answers.jsonl", digests={"answers.jsonl": digest(submissions)}, systems=systems)


def digest(submissions: Sequence[Submission]) -> str:
    """Return what the file of these answers would have as its SHA-256."""
    return hashlib.sha256("".join(map(repr, submissions)).encode()).hexdigest()


def write_verdicts(
    folder: Path,
    submissions: Sequence[Submission],
    judgements: Sequence[Judgement],
    pairs: Sequence[PairJudgement] = (),
) -> None:
    """Write verdicts as `taco judge` leaves them."""
    heard = Heard(label="j", signature="made up", prompts="single-1", judgements=tuple(judgements), pairs=tuple(pairs))
    inputs = {"answers.jsonl": digest(submissions)}
    scores = build_scores(
        JudgeOptions(bootstrap_samples=100), [heard], submissions, human=(), spending=Spending(), inputs=inputs
    )
    write_records(folder / "verdicts.jsonl", judgements)
    if pairs:
        write_records(folder / "pairs.jsonl", pairs)
    write_judge_scores(folder / "scores.json", scores)
