"""One base model with one adapter merged into it, or with several beside it of which one is active at a time."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from taco.errors import ModelError
from taco.generate.adapter import is_whole_model, load_tuned
from taco.generate.packed import pack_model
from taco.model.base import Base
from taco.model.libraries import quiet_libraries
from taco.model.load import DtypeName, load_model


class AdapterSet:
    """The model of each adapter.

    A single adapter is merged, so that a token costs what it costs without one. Several are kept apart: the base's
    weights are in memory once, whatever their number.

    Args:
        base: The base model.
        adapters: Name -> folder of an adapter, at least one; a single one may be a whole model.
        dtype: See `taco.model.load.load_model`.

    Raises:
        ModelError: An adapter is missing or does not fit the model, or one of several is a whole model.
    """

    def __init__(self, base: Base, adapters: Mapping[str, Path], *, dtype: DtypeName) -> None:
        self._keys = {name: f"adapter{number}" for number, name in enumerate(adapters)}
        self._active = ""
        if len(adapters) == 1:
            self.model = load_tuned(base, next(iter(adapters.values())), dtype=dtype)
            self._is_packed = pack_model(self.model)
            return
        for name, folder in adapters.items():
            if is_whole_model(folder):
                raise ModelError(
                    f"{name} is a whole model, not an adapter, so that it cannot share the base model with others.",
                    hint="Start a server for it alone.",
                )
        self.model, self._is_packed = self._attach(load_model(base, dtype=dtype), adapters), False

    @property
    def signature(self) -> str:
        """How the model runs."""
        numbers = f"{str(self.model.dtype).removeprefix('torch.')} on {self.model.device.type}"
        packed = ", weights packed by oneDNN" if self._is_packed else ""
        how = "adapter merged" if len(self._keys) == 1 else f"{len(self._keys)} adapters beside the model"
        return f"{numbers}{packed}, {how}"

    def activate(self, name: str) -> Any:
        """Return the model with the adapter of that name."""
        if len(self._keys) > 1 and name != self._active:
            self.model.set_adapter(self._keys[name])
            self._active = name
        return self.model

    def close(self) -> None:
        """Let go of the model."""
        self.model = None

    def _attach(self, model: Any, adapters: Mapping[str, Path]) -> Any:
        from peft import PeftModel
        from safetensors import SafetensorError

        tuned: Any = None
        for name, folder in adapters.items():
            key = self._keys[name]
            try:
                with quiet_libraries():
                    if tuned is None:
                        tuned = PeftModel.from_pretrained(model, str(folder), adapter_name=key, is_trainable=False)
                    else:
                        tuned.load_adapter(str(folder), adapter_name=key, is_trainable=False)
            except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
                first_line = (str(error).strip().splitlines() or [type(error).__name__])[0]
                raise ModelError(
                    f"The adapter {folder} does not fit the base model or is damaged: {first_line}",
                    hint="Tune it again for this base model: taco run RECIPE --again train.",
                ) from error
        return tuned.eval()
