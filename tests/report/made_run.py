"""Run folders with made-up records, as the stages before `report` leave them."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from taco.chain.formats import find_template
from taco.chain.parse import parse_chain
from taco.evaluate.options import EvaluateOptions
from taco.evaluate.run import run_evaluate
from taco.languages.table import Language, find_language
from taco.progress import SilentProgress
from taco.records import Answer, Chain, Example, SectionUse
from taco.report.content import Report
from taco.report.run import run_report
from taco.store.jsonl import write_records
from taco.store.manifest import Manifest, StageEntry, write_manifest

TEXTS = {
    "gl": (
        "Por que o ceo é azul?",
        "O aire espalla a luz azul máis que a luz vermella, así que o ceo semella azul durante o día.",
        "Os gatos dormen moitas horas porque gardan a súa enerxía para cazar pola noite.",
    ),
    "fa": (
        "چرا آسمان آبی است؟",
        "هوا نور آبی را بیشتر از نور قرمز پراکنده می‌کند، بنابراین آسمان در طول روز آبی به نظر می‌رسد.",
        "گربه‌ها ساعت‌های زیادی می‌خوابند چون انرژی خود را برای شکار شبانه نگه می‌دارند.",
    ),
}
"""Language -> question, answer, another answer."""

CATEGORIES = ("coding", "math", "writing")


@dataclass
class MadeRun:
    """A run folder, and what to write into it.

    Attributes:
        folder: The run folder.
        language: The target language.
        examples, base, tuned: The records.
        manifest: None for none.
        log: Lines of the training log; None for none.
    """

    folder: Path
    language: Language
    examples: list[Example]
    base: list[Answer]
    tuned: list[Answer]
    manifest: Manifest | None
    log: list[str] | None = field(default_factory=list)

    def write(self) -> None:
        """Write the records and score them."""
        write_records(self.folder / "chain" / "heldout.jsonl", self.examples)
        write_records(self.folder / "generate" / "base.jsonl", self.base)
        write_records(self.folder / "generate" / "tuned.jsonl", self.tuned)
        if self.manifest is not None:
            write_manifest(self.folder / "manifest.json", self.manifest)
        if self.log is not None:
            (self.folder / "train").mkdir(exist_ok=True)
            (self.folder / "train" / "log.jsonl").write_text("".join(line + "\n" for line in self.log))
        run_evaluate(
            EvaluateOptions(bootstrap_samples=100),
            chain=self.folder / "chain",
            answers=self.folder / "generate",
            out=self.folder / "evaluate",
            language=self.language,
            seed=17,
            progress=SilentProgress(),
        )

    def report(self, name: str = "made-up") -> str:
        """Write everything, make the report and return the page."""
        self.write()
        run_report(run=self.folder, name=name, language=self.language, progress=SilentProgress())
        return (self.folder / "report.html").read_text(encoding="utf-8")

    def content(self) -> Report:
        """Return the report as read back from its JSON."""
        return Report.model_validate_json((self.folder / "report.json").read_bytes())


def make_answer(example: Example, arm: str, text: str, *, finish: str = "stop", language: Language) -> Answer:
    """Make an answer with a state and a use of tokens that fit its text."""
    parsed = parse_chain(text, template=example.template, language=language, finish=finish)
    names = [*parsed.spans, "other"]
    return Answer(
        id=example.id,
        arm=arm,
        prompt=example.prompt,
        text=text,
        finish=finish,  # type: ignore[arg-type]
        state=parsed.state,
        tokens=10 * len(names),
        seconds=0.5,
        sections=tuple(SectionUse(name=name, tokens=10, seconds=0.1) for name in names),
    )


def make_manifest() -> Manifest:
    """Make a manifest as a finished run leaves it."""
    entries = {
        "source": StageEntry(key="k", status="done", rows_in=12, rows_kept=11, dropped={"duplicate": 1}, seconds=0.2),
        "translate": StageEntry(
            key="k",
            status="done",
            attempts=2,
            rows_in=11,
            rows_kept=11,
            seconds=75.0,
            counters={"engine": "apertium 3.8.3", "segments": 1234, "segments_from_memory": 200, "texts_sent": 1034},
        ),
        "train": StageEntry(
            key="k", status="done", rows_in=5, rows_kept=5, seconds=9.0, counters={"steps": 30, "final_loss": 1.25}
        ),
        "report": StageEntry(key="k", status="running", started_at="2025-01-01T00:00:00+00:00"),
    }
    recipe: dict[str, object] = {"model": {"base": "smollm2-135m-instruct"}, "translate": {"engine": "apertium"}}
    return Manifest(name="made-up", seed=17, versions={"taco": "0.1.0"}, recipe=recipe, stages=entries)


def build_run(
    folder: Path, code: str = "gl", *, rows: int = 6, texts: Sequence[str] | None = None, category: str | None = None
) -> MadeRun:
    """Build a run: of six rows or more, three tuned answers are a loop, a cut-off and English."""
    language = find_language(code)
    question, answer, other = texts or TEXTS[code]
    template = find_template("taco")
    examples, base, tuned = [], [], []
    for number in range(rows):
        chain = Chain(
            instruction_en=f"Why is the sky blue ({number})?",
            response_en="The air scatters blue light more than red light.",
            response=answer if number % 2 else other,
        )
        example = Example(
            id=f"{number:016x}",
            language=code,
            category=CATEGORIES[number % 3] if category is None else category,
            template="taco",
            system=template.system(language),
            prompt=f"{question}\n{number}",
            completion=template.render(chain, language),
            chain=chain,
        )
        examples.append(example)
        base.append(make_answer(example, "base", "The sky is blue because of the air.", language=language))
        text, finish = example.completion, "stop"
        if number == 3:
            text, finish = text.partition(template.labels(language)[2])[0] + "blue light " * 30, "loop"
        elif number == 4:
            finish = "length"
        elif number == 5:
            text = text.replace(chain.response, "The air scatters blue light, and so the sky looks blue to us.")
        tuned.append(make_answer(example, "tuned", text, finish=finish, language=language))
    log = [
        json.dumps({"step": n, "epoch": n / 10, "loss": 1 + math.exp(-n / 9), "learning_rate": 1e-3})
        for n in range(1, 31)
    ]
    return MadeRun(folder, language, examples, base, tuned, make_manifest(), log)
