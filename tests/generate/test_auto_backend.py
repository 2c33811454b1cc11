"""The backend `auto`: which one it takes, and that the record says so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from taco.errors import ModelError
from taco.generate.auto import CPU_ORDER, Choice, choose_backend
from taco.generate.backend import BACKENDS, Generation, Limits, Prompt, Setup
from taco.model.options import ModelOptions
from taco.progress import SilentProgress


def test_the_fastest_that_is_installed_is_taken() -> None:
    order = (Choice(name="fast", needs=("a", "b")), Choice(name="slow", needs=("b",)))
    assert choose_backend(order, is_installed=lambda module: True).name == "fast"
    assert choose_backend(order, is_installed=lambda module: module == "b").name == "slow"


def test_a_graphics_card_is_transformers_own() -> None:
    assert choose_backend(CPU_ORDER[::-1], is_installed=lambda module: True, has_card=True).name == "transformers"


def test_nothing_installed_names_the_extra() -> None:
    with pytest.raises(ModelError, match=r"taco-llm\[train\]"):
        choose_backend(is_installed=lambda module: False)


def test_every_choice_is_a_backend_whose_options_hold() -> None:
    for one in CPU_ORDER:
        BACKENDS.load_options(one.name)(batch_size=8, cache_mib=64, **dict(one.options))


def test_the_answers_are_those_of_the_chosen_one(
    tiny_base: Path, tmp_path: Path, ask: Callable[[Sequence[str]], list[Prompt]]
) -> None:
    setup = Setup(
        model=ModelOptions(base=str(tiny_base), threads=1), adapter=None, cache=tmp_path, progress=SilentProgress()
    )
    limits = Limits(max_new_tokens=12, loop_guard=True)
    texts: list[dict[str, str]] = []
    chosen = choose_backend(is_installed=lambda module: True)
    for name, options in (("auto", {}), (chosen.name, dict(chosen.options))):
        backend = BACKENDS.load_implementation(name)(BACKENDS.load_options(name)(**options), setup=setup)
        try:
            made = backend.generate(ask(["um", "dous"]), arm="base", limits=limits, on_tokens=lambda n: None)
            texts.append({one.id: one.text for one in made if isinstance(one, Generation)})
            if name == "auto":
                assert backend.signature.startswith(f"auto chose {chosen.name}: ")
        finally:
            backend.close()
    assert texts[0] == texts[1]
