"""One base model with one adapter merged into it, or with several beside it of which one is active at a time."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from taco.errors import ModelError
from taco.generate.adapter import merge_adapter
from taco.generate.packed import pack_model
from taco.model.libraries import quiet_libraries


class AdapterSet:
    """The model of each adapter.

    A single adapter is merged, so that a token costs what it costs without one. Several are kept apart: the base's
    weights are in memory once, whatever their number.

    Args:
        model: The base model, which is used up.
        adapters: Name -> folder; at least one.

    Raises:
        ModelError: An adapter does not fit the model.
    """

    def __init__(self, model: Any, adapters: Mapping[str, Path]) -> None:
        self._keys = {name: f"adapter{number}" for number, name in enumerate(adapters)}
        if len(adapters) == 1:
            self._model = merge_adapter(model, next(iter(adapters.values())))
            self._is_packed = pack_model(self._model)
        else:
            self._model, self._is_packed = self._attach(model, adapters), False
        self._active = ""

    @property
    def signature(self) -> str:
        """How the model runs."""
        numbers = f"{str(self._model.dtype).removeprefix('torch.')} on {self._model.device.type}"
        packed = ", weights packed by oneDNN" if self._is_packed else ""
        how = "adapter merged" if len(self._keys) == 1 else f"{len(self._keys)} adapters beside the model"
        return f"{numbers}{packed}, {how}"

    def activate(self, name: str) -> Any:
        """Return the model with the adapter of that name."""
        if len(self._keys) > 1 and name != self._active:
            self._model.set_adapter(self._keys[name])
            self._active = name
        return self._model

    def close(self) -> None:
        """Let go of the model."""
        self._model = None

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
