"""Settings of the `train` stage."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class TrainOptions(BaseModel):
    """How the adapter is tuned.

    Rank, alpha, dropout and targets are those of the paper's adapters (adapter_config.json of saillab/taco-nepali-33b).
    The paper publishes no learning rate, batch size or number of epochs; ours were chosen for the embedded base.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rank: int = Field(default=32, ge=1, le=1024, description="LoRA rank.")
    alpha: float = Field(default=64.0, gt=0, le=4096, description="LoRA alpha; the adapter is scaled by alpha / rank.")
    dropout: float = Field(default=0.05, ge=0, lt=1, description="Dropout before the adapter.")
    targets: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        default=("q_proj", "k_proj", "v_proj", "o_proj"),
        min_length=1,
        description="Names of the linear layers that get an adapter.",
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
    keep_checkpoints: int = Field(default=2, ge=1, le=1000, description="Newest checkpoints that are kept.")
