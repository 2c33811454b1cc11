"""Loading the tokenizer and the weights of a base model."""

from __future__ import annotations

from typing import Any, Literal

from taco.errors import ModelError
from taco.model.base import Base
from taco.model.libraries import device_name, quiet_libraries, require_libraries
from taco.model.quantise import build_quantisation

DtypeName = Literal["auto", "fp32", "bf16"]


def load_tokenizer(base: Base) -> Any:
    """Load the tokenizer of a base model.

    Raises:
        ModelError: It is missing or damaged, or the extra [train] is not installed.
    """
    require_libraries()
    from transformers import AutoTokenizer

    try:
        with quiet_libraries():
            return AutoTokenizer.from_pretrained(base.path, local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError, KeyError, TypeError, ImportError) as error:
        raise _describe(base, "tokenizer", error) from error


def load_model(base: Base, *, dtype: DtypeName = "auto", in_4_bits: bool = False) -> Any:
    """Load the weights of a base model, on the GPU where there is one, in evaluation mode.

    Args:
        base: The base model.
        dtype: "fp32", "bf16", or "auto": fp32 on a CPU, bf16 on a GPU.
        in_4_bits: Whether linear layers are kept in 4 bits; `dtype` is then that of the products.

    Raises:
        ModelError: They are missing, damaged or of an unknown kind, or the extra [train], or [qlora] for 4 bits, is not
            installed.
    """
    require_libraries()
    import torch
    from safetensors import SafetensorError
    from transformers import AutoModelForCausalLM

    device = device_name()
    wanted = {"auto": "fp32" if device == "cpu" else "bf16"}.get(dtype, dtype)
    number = torch.float32 if wanted == "fp32" else torch.bfloat16
    quantised = {"quantization_config": build_quantisation(number), "device_map": {"": device}} if in_4_bits else {}
    try:
        with quiet_libraries():
            model = AutoModelForCausalLM.from_pretrained(
                base.path,
                dtype=number,
                local_files_only=True,
                trust_remote_code=False,
                use_safetensors=True,
                **quantised,
            )
    except (OSError, ValueError, KeyError, RuntimeError, ImportError, SafetensorError) as error:
        raise _describe(base, "weights", error) from error
    return (model if in_4_bits else model.to(device)).eval()


def _describe(base: Base, part: str, error: Exception) -> ModelError:
    first_line = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return ModelError(
        f"The {part} of the base model {base.name} in {base.path} cannot be loaded: {first_line}",
        hint="It must be a text-generation model of a kind that transformers knows, with safetensors weights.",
    )
