"""The transfer study: the lender's adapter asked in other languages, cut anywhere and gone on with."""

import json
import shutil
from pathlib import Path

import pytest
from dying_progress import DyingProgress, Killed
from tiny_run import make_run
from typer.testing import CliRunner

from taco.cli.app import app
from taco.errors import DataError, RecipeError
from taco.progress import SilentProgress
from taco.records import Answer, Example
from taco.store.jsonl import read_records
from taco.store.manifest import read_manifest, write_manifest
from taco.study.form import load_study
from taco.study.transfer.options import TransferStudy
from taco.study.transfer.run import run_transfer
from taco.study.transfer.show import is_without_section
from taco.study.transfer.summary import LENT, OWN, TransferResults

KEPT = ("transfer.json", "transfer.md", "transfer.svg")


def make(lender: Path, folder: Path, *, progress: SilentProgress | None = None, **more: object) -> TransferResults:
    study = TransferStudy.model_validate({"name": "made", "run": lender, "languages": ["es", "Croatian"], **more})
    cache = folder / "cache"
    return run_transfer(study, folder=folder / "out", cache=cache, progress=progress or SilentProgress())[0]


def test_each_language_is_asked_in_its_own_form_with_the_lenders_adapter(lender: Path, tmp_path: Path) -> None:
    found = make(lender, tmp_path, languages=["hr", "es", "gl"])
    assert [one.language for one in found.languages] == ["gl", "es", "hr"]
    assert [one.kinship for one in found.languages] == sorted(one.kinship for one in found.languages)
    spanish = found.languages[1]
    # The echo backend answers with the adapter by a whole chain, and without by the prompt alone.
    assert spanish.systems[LENT]["complete_chain"].value == 1
    assert spanish.systems["base"]["complete_chain"].value == 0
    assert spanish.differences["lent - base"]["complete_chain"].value == 1
    assert is_without_section(spanish.systems["base"]["chrf_response_en"])
    assert spanish.questions == 3
    assert spanish.typology is None
    run = tmp_path / "out" / "runs" / "es"
    examples = list(read_records(run / "chain" / "heldout.jsonl", Example))
    assert {example.language for example in examples} == {"es"}
    assert all("Response in Spanish:" in example.completion for example in examples)
    asked = [example.id for example in read_records(lender / "chain" / "heldout.jsonl", Example)]
    assert [answer.id for answer in read_records(run / "generate" / "tuned.jsonl", Answer)] == asked
    assert not (run / "train").exists()
    entry = read_manifest(run / "manifest.json").stages["generate"]
    assert entry.cpu_seconds is not None
    assert entry.peak_mib is not None
    assert entry.peak_mib > 1


def test_distances_by_grammar_and_an_adapter_of_its_own_stand_beside(
    lender: Path, tiny_base: Path, tmp_path: Path
) -> None:
    own = make_run(tmp_path, tiny_base, name="own", language="es")
    typology = tmp_path / "typology.tsv"
    typology.write_text("es\tgl\t0.25\n", encoding="utf-8")
    found = make(lender, tmp_path, typology=typology, own={"es": own}, questions=2)
    spanish = next(one for one in found.languages if one.language == "es")
    assert spanish.typology == 0.25
    assert spanish.questions == 2
    assert set(spanish.systems) == {"base", LENT, OWN}
    assert spanish.differences["own - lent"]["complete_chain"].value == 0
    assert found.languages[0].questions == 2


@pytest.mark.slow
def test_cut_anywhere_it_goes_on_to_the_same_table(lender: Path, tmp_path: Path) -> None:
    counting = DyingProgress()
    make(lender, tmp_path / "whole", progress=counting)
    expected = [(tmp_path / "whole" / "out" / name).read_bytes() for name in KEPT[:2]]
    for die_at in range(0, len(counting.events), 3):
        folder = tmp_path / str(die_at)
        with pytest.raises(Killed):
            make(lender, folder, progress=DyingProgress(die_at))
        make(lender, folder)
        seen = [(folder / "out" / name).read_bytes() for name in KEPT[:2]]
        assert seen == expected, die_at


def test_a_stopped_study_has_the_languages_that_are_done_and_repeats_nothing(lender: Path, tmp_path: Path) -> None:
    make(lender, tmp_path, languages=["es"])
    again = DyingProgress()
    found = make(lender, tmp_path, languages=["es", "hr"], progress=again)
    assert [one.language for one in found.languages] == ["gl", "es", "hr"]
    assert sum(event.startswith("generate: started") for event in again.events) == 1
    page = (tmp_path / "out" / "transfer.md").read_text(encoding="utf-8")
    assert "Croatian, lent adapter" in page
    picture = (tmp_path / "out" / "transfer.svg").read_text(encoding="utf-8")
    assert picture.startswith("<svg")
    assert "Croatian (0.8" in picture


def test_another_adapter_is_asked_anew(lender: Path, tmp_path: Path) -> None:
    make(lender, tmp_path, languages=["es"])
    other = tmp_path / "other"
    shutil.copytree(lender, other)
    manifest = read_manifest(other / "manifest.json")
    manifest.stages["train"].outputs = {"train/adapter/adapter_model.safetensors": "0" * 64}
    write_manifest(other / "manifest.json", manifest)
    again = DyingProgress()
    make(other, tmp_path, languages=["es"], progress=again)
    assert "generate: started" in again.events
    assert "translate: up to date" in again.events


def test_a_language_that_cannot_be_translated_into_is_named_and_the_others_go_on(
    lender: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> Example:
        raise DataError("it cannot be rendered")

    with monkeypatch.context() as patch:
        patch.setattr("taco.chain.run.build_example", refuse)
        found = make(lender, tmp_path, languages=["hr"])
    assert [one.language for one in found.languages] == ["gl"]
    assert found.absent[0].startswith("Croatian: none of the questions could be translated")
    assert "Not there: Croatian" in (tmp_path / "out" / "transfer.md").read_text(encoding="utf-8")
    assert [one.language for one in make(lender, tmp_path, languages=["es"]).languages] == ["gl", "es"]


def test_what_cannot_lend_is_refused(lender: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="stage source is not done"):
        make(tmp_path / "nowhere", tmp_path)
    with pytest.raises(DataError, match="expected one for Spanish"):
        make(lender, tmp_path, own={"es": lender})
    path = tmp_path / "transfer.toml"
    path.write_text('name = "x"\nrun = "y"\nlanguages = ["English", "Klingon"]\n', encoding="utf-8")
    with pytest.raises(RecipeError, match="English half"):
        load_study(path, TransferStudy)


def test_the_command_prints_the_table(lender: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TACO_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "transfer.toml"
    path.write_text(f'name = "made"\nrun = {json.dumps(str(lender))}\nlanguages = ["es"]\n', encoding="utf-8")
    call = ["study", "transfer", str(path), "--studies", str(tmp_path / "studies"), "--quiet"]
    shown = CliRunner().invoke(app, call)
    assert shown.exit_code == 0, shown.output
    assert "| Spanish, lent adapter |" in shown.output
