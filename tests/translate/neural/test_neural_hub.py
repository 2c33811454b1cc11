"""Models of the hub: safe files only, the cache first, no fetching by a plan, refusals explained."""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
from translate_rows import write_source

from taco.errors import EngineError
from taco.languages.table import find_language
from taco.translate.engine import open_engine
from taco.translate.estimate import describe_fetch, estimate_translation
from taco.translate.neural.folder import find_model
from taco.translate.neural.options import CTranslate2Options, NllbOptions
from taco.translate.options import TranslateOptions

ID = "someone/some-translator"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
UNSAFE = ("pytorch_model.bin", "tf_model.h5", "rust_model.ot", "flax_model.msgpack", "modeling_own.py", "x.pkl")


class Hub:
    """Stands in for `huggingface_hub.snapshot_download`, with a cache that is empty at first."""

    def __init__(self, folder: Path, *, fault: Exception | None = None) -> None:
        self.folder, self.fault = folder, fault
        self.fetched: list[dict[str, Any]] = []

    def __call__(self, name: str, **asked: Any) -> str:
        from huggingface_hub.errors import LocalEntryNotFoundError

        if asked.get("local_files_only"):
            if not self.fetched:
                raise LocalEntryNotFoundError("not there")
            return str(self.folder)
        if self.fault:
            raise self.fault
        self.fetched.append({"name": name, **asked})
        return str(self.folder)


@pytest.fixture
def use_hub(monkeypatch: pytest.MonkeyPatch) -> Any:
    huggingface_hub = pytest.importorskip("huggingface_hub", reason="needs the extra [neural]")

    def install(folder: Path, *, fault: Exception | None = None) -> Hub:
        hub = Hub(folder, fault=fault)
        monkeypatch.setattr(huggingface_hub, "snapshot_download", hub)
        return hub

    return install


@pytest.fixture
def snapshot(word_for_word: Path, tmp_path: Path) -> Path:
    """Return a folder that is called as the hub's cache calls it: by its commit."""
    (tmp_path / COMMIT).symlink_to(word_for_word)
    return tmp_path / COMMIT


def test_a_model_is_fetched_once_by_its_revision_and_recorded_with_its_commit(use_hub: Any, snapshot: Path) -> None:
    hub = use_hub(snapshot)
    options = CTranslate2Options(model=ID, revision="v1", threads=1)
    for _ in range(2):
        with open_engine("ctranslate2", options, source=find_language("en"), target=find_language("gl")) as engine:
            assert f" {ID}@{COMMIT[:12]} " in engine.signature
            assert engine.translate(["the cat."])[0].text == "o gato."
    (fetched,) = hub.fetched
    assert (fetched["name"], fetched["revision"]) == (ID, "v1")
    assert not any(fnmatch(name, pattern) for name in UNSAFE for pattern in fetched["allow_patterns"])


def test_pickles_are_fetched_only_where_they_are_asked_for(use_hub: Any, snapshot: Path, tmp_path: Path) -> None:
    hub = use_hub(snapshot)
    find_model(ID, revision=None, allows_pickles=True, cache=tmp_path)
    wanted = hub.fetched[0]["allow_patterns"]
    assert [name for name in UNSAFE if any(fnmatch(name, pattern) for pattern in wanted)] == ["pytorch_model.bin"]


def test_a_plan_says_what_would_be_fetched_and_fetches_nothing(use_hub: Any, snapshot: Path, tmp_path: Path) -> None:
    hub = use_hub(snapshot)
    options = TranslateOptions(engine="echo", fallback=("nllb",))
    assert describe_fetch(options) == f"the translation model {NllbOptions().model} from the Hugging Face hub"
    source = write_source(tmp_path / "source")
    asked = TranslateOptions(engine="ctranslate2", options={"model": ID})
    estimate = estimate_translation(asked, source=source, target=find_language("gl"), memory=tmp_path / "memory.sqlite")
    assert f"would have to fetch the translation model {ID}" in estimate.fault
    assert estimate.texts_to_send > 0
    assert not hub.fetched
    hub.fetched.append({})
    assert describe_fetch(asked) == ""
    assert describe_fetch(TranslateOptions(engine="ctranslate2", options={"model": str(snapshot)})) == ""


def test_refusals_are_explained(use_hub: Any, snapshot: Path, tmp_path: Path) -> None:
    from huggingface_hub import errors

    said = {
        errors.RepositoryNotFoundError: f"has no model {ID}",
        errors.GatedRepoError: "accepted its terms",
        errors.RevisionNotFoundError: "no revision 'v9'",
        errors.LocalEntryNotFoundError: "cannot be fetched",
        ConnectionError: "cannot be fetched",
    }
    for kind, message in said.items():
        use_hub(snapshot, fault=kind.__new__(kind))
        with pytest.raises(EngineError, match=message) as caught:
            find_model(ID, revision="v9", allows_pickles=False, cache=tmp_path)
        assert caught.value.hint


def test_offline_it_is_said_that_the_hub_is_switched_off(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    constants = pytest.importorskip("huggingface_hub.constants", reason="needs the extra [neural]")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    with pytest.raises(EngineError, match=r"HF_HUB_OFFLINE is set"):
        find_model(ID, revision=None, allows_pickles=False, cache=tmp_path)
