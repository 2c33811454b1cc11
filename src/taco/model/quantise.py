"""Weights in 4 bits through bitsandbytes, as QLoRA (arXiv 2305.14314) has them."""

from __future__ import annotations

import importlib.util
from typing import Any

from taco.errors import ModelError

_INSTALL = "Install taco-llm[qlora]: pip install 'taco-llm[qlora]'; or set train.method to lora."


def build_quantisation(compute_dtype: Any) -> Any:
    """Return transformers' settings for weights in 4-bit NormalFloat with doubly quantised scales.

    Args:
        compute_dtype: torch's number format in which the weights are multiplied.

    Raises:
        ModelError: bitsandbytes is not installed or does not run here.
    """
    require_quantiser()
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=compute_dtype,
    )


def require_quantiser() -> None:
    """Check that bitsandbytes is there and loads its library.

    Raises:
        ModelError: It is not, or it does not run on this machine.
    """
    if importlib.util.find_spec("bitsandbytes") is None:
        raise ModelError(
            "Training with weights in 4 bits (QLoRA) needs bitsandbytes, not installed here.", hint=_INSTALL
        )
    try:
        import bitsandbytes.functional  # noqa: F401
    except (ImportError, OSError, RuntimeError) as error:
        raise ModelError(
            f"bitsandbytes is installed but does not run here: {(str(error).splitlines() or [''])[0]}",
            hint="It needs a build for this GPU or CPU, see its installation guide; or set train.method to lora.",
        ) from error
