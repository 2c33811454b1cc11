"""The number formats of other engines; apart from the converters, so that recipes are checked without them."""

from __future__ import annotations

from typing import Literal

GgufWeights = Literal["f32", "f16", "bf16", "q8_0"]
"""What llama.cpp's converter writes; q8_0: blocks of 32 numbers of 8 bits with a common scale."""

Ct2Weights = Literal["float32", "float16", "bfloat16", "int8", "int8_float32", "int8_float16"]
"""What CTranslate2 stores."""
