"""Settings of the `generate` stage and of its backends."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from taco.errors import RecipeError, list_faults
from taco.generate.backend import BACKENDS, Limits
from taco.generate.guard_options import GuardOptions
from taco.model.convert.weights import Ct2Weights, GgufWeights
from taco.records import ARMS
from taco.translate.options import TranslateOptions

Mode = Literal["chain", "engine-question", "engine-answer", "engine-both"]
"""Which steps of the chain are a translation engine's, see `taco.generate.relay`."""


class TransformersOptions(BaseModel):
    """How transformers decodes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    batch_size: int = Field(
        default=64, ge=1, le=4096, description="Answers decoded together, at most; `cache_mib` may allow fewer."
    )
    cache_mib: int = Field(
        default=2048, ge=16, description="Memory in MiB that the keys and values of one batch may take, by estimate."
    )


class AutoOptions(BaseModel):
    """How the backend that is chosen decodes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    batch_size: int = Field(
        default=64, ge=1, le=256, description="Answers decoded together, at most; `cache_mib` may allow fewer."
    )
    cache_mib: int = Field(
        default=2048, ge=16, description="Memory in MiB that their keys and values may take, by estimate."
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
    batch_size: int = Field(
        default=32, ge=1, le=256, description="Answers decoded together, at most; `cache_mib` may allow fewer."
    )
    cache_mib: int = Field(
        default=2048, ge=16, description="Memory in MiB that the keys and values of all may take, by estimate."
    )


class CTranslate2Options(BaseModel):
    """How CTranslate2 decodes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    weights: Ct2Weights = Field(
        default="int8", description="Number format of the model's matrices. It is converted once for each adapter."
    )
    batch_size: int = Field(
        default=64, ge=1, le=4096, description="Answers decoded together, at most; `cache_mib` may allow fewer."
    )
    cache_mib: int = Field(
        default=2048, ge=16, description="Memory in MiB that the keys and values of one batch may take, by estimate."
    )


class EchoOptions(BaseModel):
    """How the echo backend answers: no model, the same answer each time."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seconds_per_token: float = Field(
        default=0.001, ge=0, le=10, description="Time in seconds that each word is said to have taken."
    )


class RelayOptions(BaseModel):
    """Which engines do the steps that `generate.mode` takes from the model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    question_engine: str = Field(
        default="", description="Puts questions into English; `translate.engine` where left out. Needs the pair."
    )
    question_options: dict[str, Any] = Field(
        default={},
        description="Its own options, as a table [generate.relay.question_options]; those of `translate` where it is the "
        "same engine.",
    )
    answer_engine: str = Field(
        default="",
        description="Puts answers into the target language; `translate.engine` and its fallback where left out.",
    )
    answer_options: dict[str, Any] = Field(
        default={}, description="Its own options, as a table [generate.relay.answer_options]."
    )

    @field_validator("question_options", "answer_options")
    @classmethod
    def _check_options(cls, value: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        side = (info.field_name or "").removesuffix("_options")
        engine = info.data.get(f"{side}_engine", "")
        if not engine and value:
            raise ValueError(f"they are of generate.relay.{side}_engine, which is not given")
        return TranslateOptions(engine=engine, options=value).options if engine else value

    def choose_question(self, translate: TranslateOptions) -> TranslateOptions:
        """Return how to put questions into English: as `translate` does it, with the engine of choice, nothing dropped.

        >>> RelayOptions(question_engine="echo").choose_question(TranslateOptions()).engine
        'echo'
        """
        return _choose_engine(translate, self.question_engine, self.question_options, fallback=False)

    def choose_answer(self, translate: TranslateOptions) -> TranslateOptions:
        """Return how to put answers into the target language."""
        return _choose_engine(translate, self.answer_engine, self.answer_options, fallback=not self.answer_engine)


def _choose_engine(
    translate: TranslateOptions, engine: str, options: dict[str, Any], *, fallback: bool
) -> TranslateOptions:
    changed: dict[str, Any] = {"max_unknown_share": 1.0}
    changed |= {} if fallback else {"fallback": (), "fallback_options": {}}
    changed |= {"engine": engine, "options": options} if engine else {}
    return translate.model_copy(update=changed)


class GenerateOptions(BaseModel):
    """How the held-out prompts are answered. Decoding is greedy: the likeliest token each time."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    backend: str = Field(
        default="transformers",
        description="What generates: `transformers`, `ctranslate2`, `llamacpp`, `auto` (transformers, where it is "
        "installed), `openai` (a server), or `echo` (no model).",
    )
    mode: Mode = Field(
        default="chain",
        description="Who does the steps: `chain` the model all three; `engine-question` a translation engine step 1; "
        "`engine-answer` step 3; `engine-both` both, the base model being asked in English.",
    )
    relay: RelayOptions = RelayOptions()
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
    arms: tuple[Literal["base", "tuned"], ...] = Field(
        default=("base", "tuned"),
        min_length=1,
        description="Who answers the held-out rows: `base`, the base model alone, and `tuned`, the model with the adapter. Where it is `base` "
        "alone, nothing is trained.",
    )
    guard: GuardOptions = GuardOptions()
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
            faults = "; ".join(list_faults(error, whole="options"))
            known = ", ".join(kind.model_fields)
            raise ValueError(f"{faults}; options of {info.data['backend']}: {known}") from error

    @field_validator("arms")
    @classmethod
    def _sort_arms(cls, value: tuple[Literal["base", "tuned"], ...]) -> tuple[str, ...]:
        return tuple(arm for arm in ARMS if arm in value)

    def make_limits(self, *, most: int | None = None) -> Limits:
        """Return when an answer is stopped.

        Args:
            most: Tokens that it may have, instead of `max_new_tokens`.

        >>> GenerateOptions().make_limits(most=9)
        Limits(max_new_tokens=9, loop_guard=True, lead_outs=4, penalty=1.0)
        """
        tokens = self.max_new_tokens if most is None else most
        return Limits(max_new_tokens=tokens, loop_guard=self.loop_guard, lead_outs=self.lead_outs)

    def select_deciding(self) -> dict[str, Any]:
        """Return the settings that decide the answers; later versions' settings are left out where they change nothing.

        >>> "arms" in GenerateOptions().select_deciding(), "arms" in GenerateOptions(arms=("base",)).select_deciding()
        (False, True)
        """
        unused = {"arms"} if self.arms == ARMS else set()
        unused |= {"mode", "relay"} if self.mode == "chain" else set()
        deciding = self.model_dump(mode="json", exclude=unused)
        if self.backend == "openai":
            del deciding["options"]["stream"]  # how answers come, not which: what was paid for stays
        return deciding

    @property
    def backend_options(self) -> Any:
        """The backend's options in their typed form.

        >>> GenerateOptions(options={"batch_size": 8}).backend_options.batch_size
        8
        """
        return BACKENDS.load_options(self.backend).model_validate(self.options)
