"""Several runs with made-up answers of every kind, such as a study leaves them."""

import dataclasses
import random
from pathlib import Path

from made_run import CATEGORIES, build_run, make_answer

from taco.chain.formats import find_template
from taco.evaluate.judge.hearing import Heard
from taco.evaluate.judge.judgement import Judgement
from taco.evaluate.judge.options import JudgeOptions
from taco.evaluate.judge.run import build_scores
from taco.evaluate.judge.scores import write_judge_scores
from taco.evaluate.judge.store import Spending
from taco.evaluate.judge.systems import Asked, read_systems
from taco.records import Answer, Chain, Example
from taco.report.verdicts import JUDGED
from taco.store.files import digest_file
from taco.store.jsonl import read_records, write_records

HOSTILE = (
    "<script>document.title='pwned'</script><img src=x onerror=\"document.title='pwned'\">\"'>"
    "<svg onload=\"document.title='pwned'\"></style></title></textarea><!-- ]]> javascript:alert(1) \u202e{{7*7}}"
)

WORDS = {
    "gl": "o aire espalla a luz azul máis que a vermella así que ceo semella durante día e noite mar auga pedra "
    "casa amiga sempre leva tempo aprender unha lingua nova cando ninguén fala dela na escola",
    "fa": "هوا نور آبی را بیشتر از قرمز پراکنده می‌کند بنابراین آسمان در طول روز به نظر می‌رسد و شب دریا آب سنگ خانه "
    "دوست همیشه زمان می‌برد تا زبانی تازه بیاموزیم وقتی کسی از آن حرف نمی‌زند",
    "en": "the air scatters blue light more than red so sky looks during day and night sea water stone house friend "
    "always takes time to learn a new language when nobody speaks of it at school",
}
"""Language -> words of which texts are made."""


def build_runs(folder: Path, *, runs: int, rows: int, hostile: bool = True) -> list[Path]:
    """Build runs and write their reports; every fourth one teaches Persian, the others Galician.

    Args:
        folder: Where the run folders go.
        runs: Number of runs.
        rows: Held-out rows of each.
        hostile: Whether a name, a category and some texts try to break out of the page.
    """
    return [_build(folder / f"run-{number}", number, rows, hostile=hostile) for number in range(runs)]


def write_verdicts(run: Path, *, judge: str = "judge-a", explanation: str = "Clear.") -> None:
    """Write a rating of every tuned answer but the first, as `taco judge` leaves them."""
    tuned = list(read_records(run / "generate" / "tuned.jsonl", Answer))
    examples = {example.id: example for example in read_records(run / "chain" / "heldout.jsonl", Example)}
    verdicts = tuple(
        Judgement(
            id=answer.id,
            system="tuned",
            category=examples[answer.id].category,
            language=examples[answer.id].language,
            judge=judge,
            prompt="single-1",
            score=1.0 + number % 10 if number else None,
            reason="" if number else "no-rating",
            explanation=explanation,
        )
        for number, answer in enumerate(tuned)
    )
    submissions = [one for one in read_systems([run], Asked(questions={})) if one.system == "tuned"]
    scores = build_scores(
        JudgeOptions(),
        [Heard(label=judge, signature="made up", prompts="single-1", judgements=verdicts)],
        submissions,
        human=(),
        spending=Spending(),
        inputs={name: digest_file(run / name) for name in JUDGED},
    )
    write_records(run / "judge" / "verdicts.jsonl", verdicts)
    write_judge_scores(run / "judge" / "scores.json", scores)


def _build(folder: Path, number: int, rows: int, *, hostile: bool) -> Path:
    code = "fa" if number % 4 == 3 else "gl"
    run = build_run(folder, code, rows=rows)
    template = find_template("taco")
    for place, example in enumerate(run.examples):
        told = random.Random(f"{code} {place}")
        is_hostile = hostile and place == 5
        answer = HOSTILE if is_hostile else _write(told, code, 60)
        chain = Chain(instruction_en=_write(told, "en", 12), response_en=_write(told, "en", 60), response=answer)
        example = dataclasses.replace(
            example,
            id=f"{place:016x}",
            prompt=HOSTILE if is_hostile else f"{_write(told, code, 9)}?",
            category=HOSTILE if is_hostile else ("قواعد", *CATEGORIES)[place % 4],
            completion=template.render(chain, run.language),
            chain=chain,
        )
        run.examples[place] = example
        run.base[place] = make_answer(example, "base", _write(told, "en", 50), language=run.language)
        drawn = random.Random(f"{number} {place}")
        text, finish = _answer(drawn, chain, code, number)
        completion = template.render(text, run.language)
        if finish == "length":
            completion = completion[: len(completion) // 2]
        run.tuned[place] = make_answer(example, "tuned", completion, finish=finish, language=run.language)
    assert run.manifest is not None
    run.manifest.name = HOSTILE if hostile and number == 1 else f"{run.language.code}-rank-{2 ** (number % 6)}"
    run.manifest.recipe = {"train": {"rank": 2 ** (number % 6)}, "model": {"base": "smollm2-135m-instruct"}}
    run.report(run.manifest.name)
    return folder


def _answer(drawn: random.Random, chain: Chain, code: str, number: int) -> tuple[Chain, str]:
    """Return a chain that is like the reference, the more the higher the run's number, and why it ended."""
    kept = 0.3 + 0.06 * number
    sections = {
        name: " ".join(
            word if drawn.random() < kept else drawn.choice(WORDS[language].split())
            for word in getattr(chain, name).split()
        )
        for name, language in (("instruction_en", "en"), ("response_en", "en"), ("response", code))
    }
    kind = drawn.random()
    if kind < 0.1:
        return Chain(**sections | {"response": sections["response_en"]}), "stop"
    if kind < 0.18:
        return Chain(**sections | {"response": f"{WORDS[code].split()[0]} " * 80}), "loop"
    return Chain(**sections), "length" if kind < 0.26 else "stop"


def _write(drawn: random.Random, language: str, words: int) -> str:
    text = " ".join(drawn.choices(WORDS[language].split(), k=words))
    return text[:1].upper() + text[1:]
