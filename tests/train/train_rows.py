"""A run folder with a few rows, as the stages before `train` leave it, and a call of the stage."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from taco.chain.run import build_examples
from taco.languages.table import find_language
from taco.model.options import ModelOptions
from taco.progress import Progress, SilentProgress, Task
from taco.records import Row, StageCount, TranslatedRow
from taco.store.files import digest_file
from taco.store.jsonl import write_records
from taco.train.log import StepLog, read_log
from taco.train.options import TrainOptions
from taco.train.run import run_train

SMALL = {"rank": 4, "effective_batch": 4, "micro_batch_tokens": 512, "save_every_steps": 3, "learning_rate": 5e-3}


def make_translated(index: int, language: str, *, prefix: str | None = None) -> TranslatedRow:
    """Make a translated row; the longer, the higher its number within seven. Its id begins with the language."""
    return TranslatedRow(
        id=f"{language if prefix is None else prefix}{index:02}",
        language=language,
        category="",
        instruction_en=f"Name {index} things.",
        input_en="",
        response_en="One. " * (1 + index % 7),
        instruction=f"Nomea {index} cousas.",
        input="",
        response="Unha. " * (1 + index % 7),
        words=3,
        unknown_words=0,
        engine="echo",
    )


def write_run(
    folder: Path,
    *,
    rows: int = 16,
    heldout: int = 4,
    language: str = "gl",
    prefix: str | None = None,
    first: int | None = None,
) -> Path:
    """Write the files of `source`, `translate` and `chain`; return the chain's folder.

    Args:
        folder: The run's.
        rows, heldout: Their numbers.
        language: Its code.
        prefix: Beginning of the ids, where it is not to be the language: real ids are those of the English rows, equal in
            all languages.
        first: Number of the first row; by default those of other languages are other questions.
    """
    start = first if first is not None else 0 if language == "gl" else 100
    for split, numbers in (
        ("train", range(start, start + rows)),
        ("heldout", range(start + rows, start + rows + heldout)),
    ):
        translated = [make_translated(number, language, prefix=prefix) for number in numbers]
        plain = [
            Row(id=row.id, instruction=row.instruction_en, input=row.input_en, response=row.response_en)
            for row in translated
        ]
        examples = [one for row in translated for one in build_examples(row, find_language(language), template="taco")]
        for stage, records in (("source", plain), ("translate", translated), ("chain", examples)):
            write_records(folder / stage / f"{split}.jsonl", records)
    return folder / "chain"


def make_options(**settings: object) -> TrainOptions:
    """Return options for the tiny model, some of them given."""
    return TrainOptions.model_validate({**SMALL, **settings})


def train(
    base: Path, chain: Path, out: Path, options: TrainOptions, *, progress: Progress | None = None, seed: int = 3
) -> StageCount:
    """Run the stage with one thread."""
    return run_train(
        options,
        model=ModelOptions(base=str(base), threads=1),
        chain=chain,
        out=out,
        cache=out / "cache",
        seed=seed,
        progress=progress or SilentProgress(),
    )


def read_steps(out: Path) -> list[StepLog]:
    """Return the steps of a training."""
    return read_log(out / "log.jsonl")


def read_curve(out: Path) -> list[tuple[int, float, float, float]]:
    """Return of each step what must be the same when it is done again."""
    return [(line.step, line.loss, line.learning_rate, line.grad_norm) for line in read_steps(out)]


def read_adapter(out: Path) -> dict[str, str]:
    """Return the digest of each file of the result."""
    return {path.name: digest_file(path) for path in (out / "adapter").iterdir()}


class StoppedError(Exception):
    """Stands for a kill, inside the process."""


class Stopping(SilentProgress):
    """Raises `StoppedError` when the training bar has moved a number of times.

    Args:
        after: That number; None for never.
    """

    def __init__(self, *, after: int | None = None) -> None:
        self.after = after
        self.lines: list[str] = []
        self.started_at: list[int] = []

    def say(self, line: str) -> None:
        self.lines.append(line)

    @contextmanager
    def task(self, title: str, *, total: int | None, unit: str, done: int = 0) -> Iterator[Task]:
        if title != "Training":
            with super().task(title, total=total, unit=unit, done=done) as task:
                yield task
            return
        self.started_at.append(done)
        left = self.after

        class Counting:
            def advance(self, amount: int = 1, *, note: str = "") -> None:
                nonlocal left
                if left is not None:
                    left -= 1
                    if left == 0:
                        raise StoppedError

        yield Counting()
