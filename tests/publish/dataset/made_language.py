"""Run folders with made-up rows, finished up to the stage `chain`."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from taco.chain.run import build_examples
from taco.languages.table import Language, find_language
from taco.publish.dataset.run_record import RunRecord
from taco.records import Figures, Row, TranslatedRow
from taco.store.jsonl import write_records
from taco.store.manifest import Manifest, StageEntry, write_manifest
from taco.store.run_folder import RunFolder

ENGINE = "apertium en-xx (apertium 3.8.3; stream 1)"

RULE = "A resposta debe ser curta."
"""Stands for the length rule in the target language."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeText:
    """The texts of one row.

    Attributes:
        origin: File and line.
    """

    instruction_en: str
    response_en: str
    instruction: str
    response: str
    input_en: str = ""
    input: str = ""
    category: str = "generic"
    origin: str = "rows.jsonl:1"
    engine: str = ENGINE


def make_texts(count: int, *, language: Language, filler: str = "", origin: str = "rows.jsonl") -> Iterator[MadeText]:
    """Yield rows that all differ, every third with an input."""
    for number in range(count):
        has_input = number % 3 == 0
        yield MadeText(
            instruction_en=f"Say {number}.{filler}",
            input_en=f"Number {number}" if has_input else "",
            response_en=f"It is {number}.{filler}",
            instruction=f"{language.autonym} {number}?{filler}",
            input=f"{language.autonym} {language.digits} {number}" if has_input else "",
            response=f"{language.autonym}: {number}\n\n- {language.digits}{filler}",
            category="math" if number % 2 else "generic",
            origin=f"{origin}:{number + 1}",
        )


def build_language(
    root: Path,
    code: str = "gl",
    *,
    train: Iterable[MadeText] | int = 7,
    heldout: Iterable[MadeText] | int = 2,
    gate: bool = False,
    dropped: Sequence[int] = (),
    rule: str = "",
    source_path: str = "rows.jsonl",
    template: str = "taco",
) -> RunRecord:
    """Write a run folder.

    Args:
        root: The run folder.
        code: The target language.
        train, heldout: Rows of these files, or how many.
        gate: Whether there is a quality gate.
        dropped: Numbers of the rows in each file that the last stage before `chain` keeps from it.
        rule: The length rule in the target language.
        source_path: `source.path` of the recipe.
        template: Template of the chains.
    """
    language = find_language(code)
    kept_rows, all_rows, last = 0, 0, "gate" if gate else "chain"
    figures: list[Figures] = []
    for name, given in (("train", train), ("heldout", heldout)):
        file = "seed/coding.jsonl" if source_path == "seed" else "rows.jsonl"
        texts = list(make_texts(given, language=language, origin=file)) if isinstance(given, int) else list(given)
        ids = [_make_id(f"{name} {number} {text.instruction_en}") for number, text in enumerate(texts)]
        write_records(
            root / "source" / f"{name}.jsonl", [_make_row(i, text) for i, text in zip(ids, texts, strict=True)]
        )
        translated = [_make_translated(i, text, code, n) for n, (i, text) in enumerate(zip(ids, texts, strict=True))]
        write_records(root / "translate" / f"{name}.jsonl", translated)
        kept = [row for number, row in enumerate(translated) if number not in dropped]
        if gate:
            figures += [_make_figures(row.id, number, code) for number, row in enumerate(translated)]
            write_records(root / "gate" / f"{name}.jsonl", kept)
        examples = [one for row in kept for one in build_examples(row, language, template=template, rule=rule)]
        write_records(root / "chain" / f"{name}.jsonl", examples)
        kept_rows, all_rows = kept_rows + len(kept), all_rows + len(texts)
    if gate:
        write_records(root / "gate" / "figures.jsonl", figures)
    _write_manifest(
        root, language, source_path, counts={"in": all_rows, "kept": kept_rows}, last=last, template=template
    )
    return RunRecord.from_folder(root, language=language)


def rewrite_manifest(root: Path, change: dict[str, object]) -> None:
    """Set fields of the manifest's entry of the stage `chain`."""
    folder = RunFolder(root)
    manifest = folder.read_manifest()
    manifest.stages["chain"] = manifest.stages["chain"].model_copy(update=change)
    folder.write_manifest(manifest)


def _make_id(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _make_row(row_id: str, text: MadeText) -> Row:
    return Row(
        id=row_id,
        instruction=text.instruction_en,
        input=text.input_en,
        response=text.response_en,
        category=text.category,
        origin=text.origin,
    )


def _make_translated(row_id: str, text: MadeText, code: str, number: int) -> TranslatedRow:
    return TranslatedRow(
        id=row_id,
        language=code,
        category=text.category,
        instruction_en=text.instruction_en,
        input_en=text.input_en,
        response_en=text.response_en,
        instruction=text.instruction,
        input=text.input,
        response=text.response,
        words=8,
        unknown_words=number % 4,
        engine=text.engine,
        segments=3,
        segments_paid=number % 3,
        hostile="rhyme" if number == 1 else "",
    )


def _make_figures(row_id: str, number: int, code: str) -> Figures:
    return Figures(
        id=row_id,
        language_share=None if number == 0 else 0.9,
        language="" if number == 0 else code,
        script_share=1.0,
        length_ratio=1.0 + number / 8,
        copy_rate=0.25,
        repetition=0.0,
        numbers_kept=1.0,
        entities_kept=None,
        unknown_rate=(number % 4) / 8,
    )


def _write_manifest(
    root: Path, language: Language, source_path: str, *, counts: dict[str, int], last: str, template: str
) -> None:
    folder = RunFolder(root)
    stages = [name for name in ("source", "translate", "gate", "chain") if (root / name).is_dir()]
    entries, rows = {}, counts["in"]
    for stage in stages:
        kept = counts["kept"] if stage == last or rows != counts["in"] else rows
        dropped = {"too-odd": rows - kept} if rows != kept else {}
        entries[stage] = StageEntry(
            key="k",
            status="done",
            seconds=1.5,
            rows_in=rows,
            rows_kept=kept,
            dropped=dropped,
            outputs=folder.digest_outputs(stage),
        )
        rows = kept
    entries["translate"].counters = {"engine": ENGINE, "words": 800, "unknown_words": 12, "segments_sent": 77}
    entries["chain"].counters = {"template": f"{template} v1"}
    if "gate" in entries:
        entries["gate"].counters = {"min_language_share": 0.5, "seconds": 3.25}
    recipe = {
        "name": "made-{language}",
        "language": language.code,
        "source": {"path": source_path, "limit": None, "heldout": 2},
        "translate": {"engine": "echo", "options": {"prefix": ""}, "memory": "/home/ann/memory.sqlite"},
        "chain": {"template": template},
        "train": {"rank": 32},
        **({"gate": {"per_language": {"share": 0.4}}} if "gate" in entries else {}),
    }
    manifest = Manifest(
        name=f"made-{language.code}", seed=17, versions={"taco": "0.1.0"}, recipe=recipe, stages=entries
    )
    write_manifest(folder.manifest_path, manifest)
