"""Where the rows of a training come from: the run's own folder, its English rows, other runs' folders."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from taco.errors import DataError
from taco.records import Drop, Example, Figures, Row, TranslatedRow
from taco.store.jsonl import read_records
from taco.train.options import TrainOptions
from taco.train.render import digest_template, render_english, render_rows
from taco.train.stage import CHAIN, ENGLISH_ROWS, StageOptions

HELDOUT, TRAIN = "heldout", "train"


@dataclass(frozen=True, slots=True, order=True)
class Origin:
    """A set of rows that a training reads.

    Attributes:
        name: `CHAIN`, `ENGLISH_ROWS` or a run's folder, as the recipe names it.
        template: The template that they are rendered in anew; "" for the examples that the chain stage wrote.
    """

    name: str
    template: str = ""

    @property
    def run(self) -> str:
        """Name of the other run that the rows are of; "" for this run's own."""
        return "" if self.name in (CHAIN, ENGLISH_ROWS) else Path(self.name).expanduser().resolve().name


def list_stage_origins(stage: StageOptions) -> tuple[Origin, ...]:
    """Return the sets of rows that a stage names, without those that it replays."""
    return tuple(Origin(name, "" if name == ENGLISH_ROWS else stage.template) for name in stage.rows)


def list_last_origins(options: TrainOptions) -> tuple[Origin, ...]:
    """Return the sets of rows that a training ends with: of the last stage, or of the last template where they follow
    each other."""
    if options.stages:
        return list_stage_origins(options.stages[-1])
    origins = list_origins(options)
    return origins[-1:] if options.order == "templates" else origins


def list_origins(options: TrainOptions) -> tuple[Origin, ...]:
    """Return every set of rows that the stages or `templates` ask for, each once; one where there are neither."""
    found: dict[Origin, None] = {Origin(CHAIN, template): None for template in options.templates}
    for stage in options.stages:
        found |= dict.fromkeys(list_stage_origins(stage))
        if stage.replay:
            found[Origin(ENGLISH_ROWS)] = None
    return tuple(found) or (Origin(CHAIN),)


def find_file(origin: Origin, *, chain: Path, split: str = TRAIN) -> Path:
    """Return the file of a set of rows.

    Args:
        origin: The set.
        chain: The folder of the chain stage of the run that trains; the folders of its other stages lie beside it.
        split: "train" or "heldout".
    """
    name = f"{split}.jsonl"
    if origin.name == ENGLISH_ROWS:
        return chain.parent / "source" / name
    folder = _find_run(origin, chain)
    if not origin.template:
        return (chain if origin.name == CHAIN else folder / "chain") / name
    gated = folder / "gate" / name
    return gated if gated.is_file() else folder / "translate" / name


def read_origin(origin: Origin, *, chain: Path, split: str = TRAIN) -> Iterator[Example | Drop]:
    """Yield the examples of a set of rows, and what its template cannot hold.

    Raises:
        DataError: The file is missing or damaged.
    """
    path = find_file(origin, chain=chain, split=split)
    if not path.is_file() and origin.run:
        raise DataError(
            f"{origin.name} holds no {path.name} of a run: {path} is missing.",
            hint="train.stages.rows names folders of runs, such as runs/quickstart-eo, whose chain stage is done.",
        )
    if origin.name == ENGLISH_ROWS:
        return (render_english(row) for row in read_records(path, Row))
    if origin.template:
        return render_rows(read_records(path, TranslatedRow), template=origin.template)
    return read_records(path, Example)


@dataclass(frozen=True, slots=True)
class Heldout:
    """What a run keeps to measure itself by.

    Attributes:
        ids: Ids of the rows, equal in all languages.
        questions: What they ask in English, folded.
    """

    ids: frozenset[str] = frozenset()
    questions: frozenset[str] = frozenset()

    def holds(self, example: Example) -> bool:
        """Whether an example, in whatever language, is one of these rows or asks what one asks."""
        return example.row_id in self.ids or example.chain.instruction_en.casefold() in self.questions


def read_heldout(chain: Path) -> Heldout:
    """Read the rows that a run holds out; files that are absent hold none."""
    source, chains = (path if path.is_file() else None for path in _list_heldout(chain))
    rows = list(read_records(source, Row)) if source else []
    examples = list(read_records(chains, Example)) if chains else []
    asked = {render_english(row).prompt for row in rows} | {one.chain.instruction_en for one in examples}
    return Heldout(
        ids=frozenset({row.id for row in rows} | {one.row_id for one in examples}),
        questions=frozenset(text.casefold() for text in asked if text),
    )


def _list_heldout(chain: Path) -> tuple[Path, Path]:
    return chain.parent / "source" / f"{HELDOUT}.jsonl", chain / f"{HELDOUT}.jsonl"


def list_files(options: TrainOptions, *, chain: Path) -> tuple[Path, ...]:
    """Return the files that decide a training, besides the run's own chains."""
    origins = [origin for origin in list_origins(options) if origin != Origin(CHAIN)]
    files = [find_file(origin, chain=chain) for origin in origins]
    if any(origin.run for origin in origins):
        files += [path for path in _list_heldout(chain) if path.is_file()]
    if any(stage.order == "quality" for stage in options.stages):
        files += [_figures(origin, chain) for origin in list_origins(options) if origin.name != ENGLISH_ROWS]
    return tuple(dict.fromkeys(files))


def digest_files(options: TrainOptions, *, chain: Path, digest: Callable[[Path], str]) -> dict[str, str]:
    """Return name -> digest of the files and formats that decide a training besides the run's own chains.

    An absent file has the digest "".
    """
    files = {str(path): digest(path) if path.is_file() else "" for path in list_files(options, chain=chain)}
    named = (*options.templates, *(stage.template for stage in options.stages if stage.template))
    templates = {template: digest_template(template) for template in named}
    return files | templates


def read_quality(origin: Origin, *, chain: Path) -> dict[str, float]:
    """Return row id -> quality from 0 to 1, from the figures of the gate; empty where the run has no gate."""
    path = _figures(origin, chain)
    if origin.name == ENGLISH_ROWS or not path.is_file():
        return {}
    return {figures.id: rate(figures) for figures in read_records(path, Figures)}


def rate(figures: Figures) -> float:
    """Return the mean of a row's figures that are shares, each turned so that 1 is good.

    They weigh alike: which of them matters most depends on language and engine, and only the order is used.

    >>> rate(Figures(id="r", language_share=None, language="", script_share=1.0, length_ratio=1.0, copy_rate=0.5,
    ...     repetition=0.0, numbers_kept=1.0, entities_kept=None, unknown_rate=0.0))
    0.9
    """
    shares = [
        figures.language_share,
        figures.script_share,
        1 - figures.copy_rate,
        1 - max(0.0, figures.repetition),
        figures.numbers_kept,
        figures.entities_kept,
        1 - figures.unknown_rate,
        None if figures.round_trip is None else figures.round_trip / 100,
    ]
    known = [share for share in shares if share is not None]
    return round(sum(known) / len(known), 6)


def _figures(origin: Origin, chain: Path) -> Path:
    return _find_run(origin, chain) / "gate" / "figures.jsonl"


def _find_run(origin: Origin, chain: Path) -> Path:
    return chain.parent if origin.name == CHAIN else Path(origin.name).expanduser()
