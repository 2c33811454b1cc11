"""The libraries of the extras, imported on use."""

from __future__ import annotations

import importlib
from types import ModuleType

from taco.errors import EngineError


def import_library(module: str, *, engine: str, extra: str) -> ModuleType:
    """Import a module of an extra.

    Raises:
        EngineError: It is not installed; the hint names the extra.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise EngineError(
            f"The engine {engine} needs the library {module}, which cannot be imported: {error}.",
            hint=f'Install taco-llm[{extra}]: pip install "taco-llm[{extra}]".',
        ) from error
