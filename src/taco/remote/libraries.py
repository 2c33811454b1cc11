"""The libraries of the extras, imported on use."""

from __future__ import annotations

import importlib
from types import ModuleType

from taco.remote.role import ENGINE, Role


def import_library(module: str, *, name: str, extra: str, role: Role = ENGINE) -> ModuleType:
    """Import a module of an extra.

    Raises:
        TacoError: It is not installed; the hint names the extra.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise role.failed(
            f"The {role.noun} {name} needs the library {module}, which cannot be imported: {error}.",
            hint=f'Install taco-llm[{extra}]: pip install "taco-llm[{extra}]".',
        ) from error
