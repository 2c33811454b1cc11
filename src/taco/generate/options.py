"""Settings of the `generate` stage and of its backends."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from taco.errors import RecipeError
from taco.generate.backend import BACKENDS
from taco.model.convert.weights import Ct2Weights, GgufWeights


class TransformersOptions(BaseModel):
    """How transformers decodes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    batch_size: int = Field(
        default=64, ge=1, le=4096, description="Answers decoded together, at most; `cache_mib` may allow fewer."
    )
    cache_mib: int = Field(
        default=2048, ge=16, description="Memory in MiB that the keys and values of one batch may take, by estimate."
    )


class LlamaCppOptions(BaseModel):
    """How llama.cpp decodes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    weights: GgufWeights = Field(
        default="f16", description="Number format of the base model's GGUF file, which is made once; `q8_0` is fastest."
    )
    context: int = Field(
        default=4096, ge=64, le=1_000_000, description="Tokens that a prompt and its answer may have together."
    )


class CTranslate2Options(BaseModel):
    """How CTranslate2 decodes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    weights: Ct2Weights = Field(
        default="int8", description="Number format of the model's matrices. It is converted once for each adapter."
    )


class EchoOptions(BaseModel):
    """How the echo backend answers: no model, the same answer each time."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seconds_per_token: float = Field(
        default=0.001, ge=0, le=10, description="Time in seconds that each word is said to have taken."
    )


class GenerateOptions(BaseModel):
    """How the held-out prompts are answered. Decoding is greedy: the likeliest token each time."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    backend: str = Field(
        default="transformers",
        description="What generates: `transformers`, `llamacpp`, `ctranslate2`, or `echo` (no model).",
    )
    max_new_tokens: int = Field(
        default=512, ge=1, le=131_072, description="Tokens of an answer at most, its end token included."
    )
    loop_guard: bool = Field(
        default=True, description="End an answer that repeats itself: over and over, or a section after the last one."
    )
    lead_outs: int = Field(
        default=4,
        ge=0,
        le=1000,
        description="Times that the loop guard first leads such an answer out of its loop, by forbidding once the token "
        "that would go on with it; counted in each answer.",
    )
    options: dict[str, Any] = Field(
        default={}, validate_default=True, description="The backend's own options, as a table [generate.options]."
    )

    @field_validator("backend")
    @classmethod
    def _check_backend(cls, value: str) -> str:
        try:
            BACKENDS.load_options(value)
        except RecipeError as error:
            raise ValueError(str(error)) from error
        return value

    @field_validator("options")
    @classmethod
    def _complete_options(cls, value: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        if "backend" not in info.data:  # its own fault is reported
            return value
        kind: type[BaseModel] = BACKENDS.load_options(info.data["backend"])
        try:
            return kind.model_validate(value).model_dump(mode="json")
        except ValidationError as error:
            faults = [f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()]
            known = ", ".join(kind.model_fields)
            raise ValueError(f"{'; '.join(faults)}; options of {info.data['backend']}: {known}") from error

    @property
    def backend_options(self) -> Any:
        """The backend's options in their typed form.

        >>> GenerateOptions(options={"batch_size": 8}).backend_options.batch_size
        8
        """
        return BACKENDS.load_options(self.backend).model_validate(self.options)
