"""Settings of the `train` stage."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from taco.errors import RecipeError
from taco.train.render import digest_template
from taco.train.stage import StageOptions

SCHEDULES = {"cosine": "cosine", "linear": "linear", "constant": "constant_with_warmup"}
"""`schedule` -> the name that transformers gives it, warm-up included."""

NOT_DECIDING = frozenset({"save_every_steps", "keep_checkpoints", "recompute", "trackers"})
"""Settings that decide speed, memory or what is written beside the result, but not the result."""

FIRST = frozenset(
    {
        "rank",
        "alpha",
        "dropout",
        "targets",
        "epochs",
        "learning_rate",
        "schedule",
        "warmup_ratio",
        "effective_batch",
        "max_row_tokens",
        "micro_batch_tokens",
        "weight_decay",
        "max_grad_norm",
    }
)
"""Settings that always count; the others, which came later, count where they are not at their default."""


class TrainOptions(BaseModel):
    """How the adapter is tuned.

    Rank, alpha, dropout and targets are those of the paper's adapters (adapter_config.json of saillab/taco-nepali-33b).
    The paper publishes no learning rate, batch size or number of epochs; ours were chosen for the embedded base.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: Literal["lora", "qlora", "full"] = Field(
        default="lora",
        description="`lora`: an adapter on the weights as they are. `qlora`: the same on weights in 4 bits (needs "
        "taco-llm[qlora]). `full`: all weights, no adapter; the rank and the other LoRA settings do not count then.",
    )
    rank: int = Field(default=32, ge=1, le=1024, description="LoRA rank.")
    alpha: float = Field(default=64.0, gt=0, le=4096, description="LoRA alpha; the adapter is scaled by alpha / rank.")
    dropout: float = Field(default=0.05, ge=0, lt=1, description="Dropout before the adapter.")
    targets: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        default=("q_proj", "k_proj", "v_proj", "o_proj"),
        min_length=1,
        description="Names of the linear layers that get an adapter.",
    )
    rslora: bool = Field(
        default=False, description="Scale the adapter by alpha / sqrt(rank) (rsLoRA, arXiv 2312.03732)."
    )
    dora: bool = Field(
        default=False,
        description="Learn the length of each weight column apart from its direction (DoRA, arXiv 2402.09353).",
    )
    embeddings: Literal["frozen", "seen", "all"] = Field(
        default="frozen",
        description="Which token embeddings are learnt too, for scripts that the base model hardly saw: none, those of the "
        "tokens that occur in the rows, or all.",
    )
    epochs: float = Field(default=3.0, gt=0, le=1000, description="Times that every row is seen; may be a fraction.")
    learning_rate: float = Field(default=1e-3, gt=0, le=1, description="Highest learning rate of AdamW.")
    schedule: Literal["cosine", "linear", "constant"] = Field(
        default="cosine", description="How the learning rate goes on after the warm-up: down to 0, or as it is."
    )
    warmup_ratio: float = Field(default=0.1, ge=0, lt=1, description="Share of the steps in which it rises from 0.")
    effective_batch: int = Field(default=6, ge=1, le=65536, description="Rows in one optimiser step, at most.")
    max_row_tokens: int = Field(
        default=2048,
        ge=16,
        le=1_000_000,
        description="Most tokens of a row, prompt and end token included; the model's context may allow fewer. No section "
        "and no end token is ever cut off. `taco tokens RECIPE` says what it means for the rows.",
    )
    over_long: Literal["drop", "shorten"] = Field(
        default="drop",
        description="Rows with more tokens: `drop` them as `too-long`, or `shorten` both responses alike by whole sentences, "
        "and drop only what cannot be. `source.max_response_sentences` does it before translation is paid for.",
    )
    micro_batch_tokens: int = Field(
        default=256,
        ge=1,
        le=10_000_000,
        description="Tokens in one forward pass: short rows are packed up to it, a longer row goes alone. It decides "
        "speed and memory, not the result. 256 is fastest on a CPU; a GPU wants 8192 or more.",
    )
    weight_decay: float = Field(default=0.0, ge=0, le=1, description="Weight decay of AdamW.")
    max_grad_norm: float = Field(default=1.0, gt=0, le=1e6, description="Gradients are scaled down to this norm.")
    save_every_steps: int = Field(
        default=20, ge=1, le=1_000_000, description="Optimiser steps between two checkpoints."
    )
    keep_checkpoints: int = Field(
        default=2,
        ge=0,
        le=1000,
        description="Newest checkpoints that are kept; 0 keeps one until the training is done, and then none.",
    )
    recompute: Literal["auto", "always", "never"] = Field(
        default="auto",
        description="Compute activations again in the backward pass instead of keeping them: less memory, a third slower, "
        "the same result. `auto`: where the estimate of `taco plan` does not fit into the memory that is free.",
    )

    max_tokens: int | None = Field(
        default=None,
        ge=1,
        le=10_000_000_000,
        description="Learn from so many tokens, prompts included, instead of `epochs`; rows are drawn until they have them.",
    )
    batch_tokens: int | None = Field(
        default=None,
        ge=1,
        le=100_000_000,
        description="With `max_tokens`: tokens in one optimiser step, about, instead of `effective_batch` rows.",
    )
    templates: tuple[str, ...] = Field(
        default=(),
        description="With `max_tokens`: chain formats of what is learnt, each made from the same translated rows; as the "
        "chain stage wrote them if left out.",
    )
    order: Literal["shuffled", "templates"] = Field(
        default="shuffled",
        description="With `max_tokens`: order of the rows drawn; `templates`: those of the first of `templates` first.",
    )
    seed: int | None = Field(
        default=None,
        ge=0,
        lt=2**32,
        description="Seed of the adapter's first weights, of the order of the rows and of the dropout, where it is not to be "
        "the run's `seed`, which decides the held-out rows too.",
    )

    evaluate_every_steps: int | None = Field(
        default=None,
        ge=1,
        le=1_000_000,
        description="Optimiser steps between two looks at rows that are not learnt; none if left out.",
    )
    evaluate_rows: int = Field(default=64, ge=1, le=100_000, description="Rows of such a look, at most.")
    patience: int | None = Field(
        default=None,
        ge=1,
        le=1000,
        description="Stop after so many looks in a row without a lower loss, and keep the weights of the lowest. The rows "
        "looked at are then training rows kept back for it, not the benchmark's.",
    )
    trackers: tuple[Literal["tensorboard", "wandb", "trackio", "mlflow"], ...] = Field(
        default=(),
        description="Trackers of experiments that are told the losses too, through transformers' own callbacks; each must be "
        "installed, and wandb, trackio and mlflow may send what they get over the network.",
    )
    stages: tuple[StageOptions, ...] = Field(
        default=(), description="A curriculum, as tables [[train.stages]]; without one the run's chains are learnt."
    )

    @model_validator(mode="after")
    def _check_stages(self) -> TrainOptions:
        names = [stage.name for stage in self.stages]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"stages: two have the name {sorted(twice)[0]!r}")
        if self.patience is not None and self.evaluate_every_steps is None:
            raise ValueError("patience: set evaluate_every_steps too, or nothing is looked at")
        return self

    @field_validator("templates")
    @classmethod
    def _check_templates(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for template in value:
            try:
                digest_template(template)
            except RecipeError as error:
                raise ValueError(str(error)) from error
        return value

    @model_validator(mode="after")
    def _check_budget(self) -> TrainOptions:
        if self.max_tokens is None and (self.batch_tokens is not None or self.order != "shuffled" or self.templates):
            raise ValueError("max_tokens: must be given where batch_tokens, templates or order is")
        if self.max_tokens is not None and self.stages:
            raise ValueError("max_tokens: is of a training without stages; give each stage `steps` instead")
        return self

    @model_validator(mode="after")
    def _check_method(self) -> TrainOptions:
        if self.method == "full" and (self.rslora or self.dora):
            raise ValueError("method: `full` makes no adapter, so rslora and dora mean nothing; leave them out")
        if self.method == "full" and self.embeddings == "seen":
            raise ValueError("embeddings: `full` learns all of them already; leave it out")
        return self

    def select_deciding(self) -> dict[str, Any]:
        """Return the settings that decide what training makes, those at later versions' defaults left out.

        >>> "rank" in TrainOptions().select_deciding(), "dora" in TrainOptions().select_deciding()
        (True, False)
        """
        settings = self.model_dump(mode="json", exclude=set(NOT_DECIDING))
        changed = self.model_dump(mode="json", exclude_defaults=True)
        return {name: value for name, value in settings.items() if name in FIRST or name in changed}
