"""Tiny models, each made once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import tiny_translators


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Let conversions be kept for all tests, but nowhere else."""
    cache = tmp_path_factory.getbasetemp() / "neural-cache"
    monkeypatch.setenv("TACO_CACHE", str(cache))
    yield cache


@pytest.fixture(scope="session")
def one_thread() -> None:
    """Skip where the libraries are missing; keep torch to one thread, as tests run side by side."""
    for name in ("ctranslate2", "sentencepiece", "sentencex", "tokenizers", "transformers"):
        pytest.importorskip(name, reason="needs the extras [neural] and [train]")
    torch = pytest.importorskip("torch", reason="needs the extra [train]")
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def tiny_models(one_thread: None, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the folder of a random model of each family."""
    folder = tmp_path_factory.mktemp("translators")
    return {
        "nllb": tiny_translators.save_nllb(folder / "tiny-nllb"),
        "m2m100": tiny_translators.save_m2m(folder / "tiny-m2m"),
        "madlad": tiny_translators.save_madlad(folder / "tiny-madlad"),
        "marian": tiny_translators.save_marian(folder / "tiny-marian"),
    }


@pytest.fixture(scope="session")
def word_for_word(one_thread: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of an NLLB that translates the words of `tiny_translators` one by one."""
    return tiny_translators.build_nllb(tmp_path_factory.mktemp("translators") / "word-for-word")
