"""The backends `llamacpp` and `ctranslate2` against the reference: the same texts from 32-bit weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from taco.errors import ModelError
from taco.generate.backend import BACKENDS, Generation, Limits, Prompt, Setup
from taco.model.options import ModelOptions
from taco.progress import SilentProgress

Ask = Callable[[Sequence[str]], list[Prompt]]
TEXTS = ("Hello", "O ceo é azul", "नेपाल 12")


def answer(
    name: str, base: Path, adapter: Path | None, cache: Path, prompts: list[Prompt], *, arm: str, **options: Any
) -> dict[str, Generation]:
    setup = Setup(
        model=ModelOptions(base=str(base), threads=1), adapter=adapter, cache=cache, progress=SilentProgress()
    )
    chosen = BACKENDS.load_options(name)(**options)
    backend = BACKENDS.load_implementation(name)(chosen, setup=setup)
    try:
        limits = Limits(max_new_tokens=96, loop_guard=True, lead_outs=2)
        made = list(backend.generate(prompts, arm=arm, limits=limits, on_tokens=lambda tokens: None))
        assert backend.signature
    finally:
        backend.close()
    assert all(isinstance(one, Generation) for one in made)
    return {one.id: one for one in made}


def strip(found: dict[str, Generation]) -> dict[str, tuple[Any, ...]]:
    return {key: (one.text, one.finish, list(one.token_ends), one.lead_outs) for key, one in found.items()}


@pytest.mark.parametrize("arm", ["base", "tuned"])
def test_ctranslate2_answers_as_transformers_does(
    tiny_base: Path, tiny_adapter: Path, tmp_path: Path, ask: Ask, arm: str
) -> None:
    pytest.importorskip("ctranslate2", reason="needs the extra [ctranslate2]")
    earlier = (("user", "Ola"), ("assistant", "Boas!"))
    prompts = [replace(one, earlier=earlier if one.id == "1" else ()) for one in ask(TEXTS)]
    wanted = answer("transformers", tiny_base, tiny_adapter, tmp_path, prompts, arm=arm)
    for size in (1, 2, 3):
        found = answer(
            "ctranslate2", tiny_base, tiny_adapter, tmp_path, prompts, arm=arm, weights="float32", batch_size=size
        )
        assert strip(found) == strip(wanted), size


def test_eight_bits_are_the_default_and_converted_once(tiny_base: Path, tmp_path: Path, ask: Ask) -> None:
    pytest.importorskip("ctranslate2", reason="needs the extra [ctranslate2]")
    first = answer("ctranslate2", tiny_base, None, tmp_path, ask(TEXTS), arm="base")
    folders = sorted(path for path in (tmp_path / "converted").iterdir() if path.is_dir())
    assert [path.name.endswith("-int8-form1") for path in folders] == [True]
    before = (folders[0] / "model" / "model.bin").stat().st_mtime_ns
    assert strip(answer("ctranslate2", tiny_base, None, tmp_path, ask(TEXTS), arm="base")) == strip(first)
    assert (folders[0] / "model" / "model.bin").stat().st_mtime_ns == before
    with pytest.raises(ModelError, match="no adapter was given"):
        answer("ctranslate2", tiny_base, None, tmp_path, ask(TEXTS), arm="tuned")


@pytest.mark.slow
def test_llama_cpp_answers_as_transformers_does(spm_base: Path, spm_adapter: Path, tmp_path: Path, ask: Ask) -> None:
    pytest.importorskip("xllamacpp", reason="needs the extra [llamacpp]")
    prompts = ask(TEXTS)
    for arm in ("base", "tuned"):
        wanted = answer("transformers", spm_base, spm_adapter, tmp_path, prompts, arm=arm)
        for size in (1, 2):
            found = answer(
                "llamacpp",
                spm_base,
                spm_adapter,
                tmp_path,
                prompts,
                arm=arm,
                weights="f32",
                context=512,
                batch_size=size,
            )
            assert strip(found) == strip(wanted), (arm, size)


@pytest.mark.slow
def test_llama_cpp_answers_both_arms_from_one_copy_of_the_weights(
    spm_base: Path, spm_adapter: Path, tmp_path: Path, ask: Ask
) -> None:
    pytest.importorskip("xllamacpp", reason="needs the extra [llamacpp]")
    prompts, limits = ask(TEXTS), Limits(max_new_tokens=24, loop_guard=False)
    wanted = {
        arm: strip(answer("llamacpp", spm_base, spm_adapter, tmp_path, prompts, arm=arm, weights="f32", context=512))
        for arm in ("base", "tuned")
    }
    setup = Setup(
        model=ModelOptions(base=str(spm_base), threads=1),
        adapter=spm_adapter,
        cache=tmp_path,
        progress=SilentProgress(),
    )
    options = BACKENDS.load_options("llamacpp")(weights="f32", context=512, batch_size=3)
    backend = BACKENDS.load_implementation("llamacpp")(options, setup=setup)
    try:
        for arm in ("base", "tuned", "base", "tuned"):
            made = backend.generate(prompts, arm=arm, limits=limits, on_tokens=lambda tokens: None)
            found = {one.id: one.text for one in made}
            assert all(wanted[arm][key][0].startswith(text) for key, text in found.items()), arm
    finally:
        backend.close()
