"""What a recipe may say about translation models on the own machine."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from taco.translate.neural.folder import describe_fetch

NLLB_MODEL = "facebook/nllb-200-distilled-600M"
"""The smallest NLLB-200; its weights are under CC BY-NC 4.0."""

Quantization = Literal[
    "int8", "int8_float32", "int8_float16", "int8_bfloat16", "int16", "float16", "bfloat16", "float32"
]


class NeuralOptions(BaseModel):
    """What all engines of this kind have in common."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str = Field(min_length=1, description="A model's folder, or a Hugging Face id `owner/name`.")
    revision: str | None = Field(
        default=None,
        min_length=1,
        description="Branch, tag or commit of a Hugging Face id; the main branch if left out. Give a commit to pin it.",
    )
    family: Literal["auto", "nllb", "m2m100", "madlad", "marian"] = Field(
        default="auto", description="How the model is told its languages; `auto` looks at its vocabulary."
    )
    english_code: str | None = Field(
        default=None, min_length=1, description="The model's code of English, where it is not found by itself."
    )
    target_code: str | None = Field(
        default=None,
        min_length=1,
        description="The model's code of the language that is not English, where it is not found by itself; for an OPUS model of one "
        "pair, a confirmation that it is the right one.",
    )
    beam_size: int = Field(default=4, ge=1, le=64, description="Hypotheses that are followed at a time; 1 is greedy.")
    max_batch_tokens: int = Field(
        default=2048, ge=1, description="Tokens of one batch, padding included; more need more memory."
    )
    output_ratio: float = Field(
        default=3.0,
        gt=0,
        le=20,
        description="Tokens that a sentence's translation may have, for each of its own, 32 in any case. A translation "
        "that comes to the limit is a failure.",
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        default="auto", description="Where the model runs; `auto` takes a GPU where there is one."
    )
    threads: int | None = Field(
        default=None, ge=1, le=1024, description="CPU threads of one batch; the library's own choice if left out."
    )
    pickled_weights: Literal["refuse", "weights-only"] = Field(
        default="refuse",
        description="What to do about weights that are pickles (pytorch_model.bin), as those of many older models: "
        "`weights-only` reads them with torch's restricted unpickler.",
    )

    def describe_fetch(self) -> str:
        """Say what opening the engine would fetch from the network; "" for nothing."""
        return describe_fetch(self.model, revision=self.revision, allows_pickles=self.pickled_weights == "weights-only")


class CTranslate2Options(NeuralOptions):
    """The table [translate.options] of a recipe with translate.engine = "ctranslate2"."""

    quantization: Quantization = Field(
        default="int8", description="Number format of the weights and of the arithmetic, as CTranslate2 calls it."
    )
    workers: int = Field(
        default=1, ge=1, le=256, description="Batches that are translated at the same time, each with its own threads."
    )


class NllbOptions(CTranslate2Options):
    """The table [translate.options] of a recipe with translate.engine = "nllb"."""

    model: str = Field(
        default=NLLB_MODEL, min_length=1, description="A model's folder, or a Hugging Face id `owner/name`."
    )
    family: Literal["auto", "nllb"] = Field(default="nllb", description="How the model is told its languages.")


class TransformersOptions(NeuralOptions):
    """The table [translate.options] of a recipe with translate.engine = "transformers"."""

    dtype: Literal["fp32", "bf16", "fp16"] = Field(default="fp32", description="Number format of the weights.")
