"""The measures of a base model, known without loading it: what memory estimates are made from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from taco.model.options import EMBEDDED_BASE, ModelOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A decoder in the form of Llama: attention with q, k, v and o, and a gated feed-forward part, without biases.

    Attributes:
        hidden, inner: Width of the residual stream, and of the feed-forward part.
        layers: Number of layers.
        heads, kv_heads, head: Number of query heads and of key-value heads, and their width.
        vocabulary: Number of tokens.
        is_tied: Whether the output layer is the token embedding.
    """

    hidden: int
    inner: int
    layers: int
    heads: int
    kv_heads: int
    head: int
    vocabulary: int
    is_tied: bool

    def list_linears(self) -> dict[str, tuple[int, int]]:
        """Return name -> width in and out of the linear layers of each layer."""
        queries, keys = self.heads * self.head, self.kv_heads * self.head
        return {
            "q_proj": (self.hidden, queries),
            "k_proj": (self.hidden, keys),
            "v_proj": (self.hidden, keys),
            "o_proj": (queries, self.hidden),
            "gate_proj": (self.hidden, self.inner),
            "up_proj": (self.hidden, self.inner),
            "down_proj": (self.inner, self.hidden),
        }

    @property
    def linear_weights(self) -> int:
        """Number of weights in the linear layers of all layers."""
        return self.layers * sum(wide * high for wide, high in self.list_linears().values())

    @property
    def other_weights(self) -> int:
        """Number of weights in the embedding, the output layer and the norms."""
        return self.vocabulary * self.hidden * (1 if self.is_tied else 2) + (2 * self.layers + 1) * self.hidden

    @property
    def weights(self) -> int:
        """Number of all weights."""
        return self.linear_weights + self.other_weights


LLAMA_33B = Shape(hidden=6656, inner=17920, layers=60, heads=52, kv_heads=52, head=128, vocabulary=32000, is_tied=False)
"""LLaMA's 32.5 B model, the base of Guanaco-33B (arXiv 2302.13971, table 2; inner width of its config.json)."""

KNOWN = {
    "timdettmers/guanaco-33b-merged": LLAMA_33B,
    EMBEDDED_BASE: Shape(
        hidden=576, inner=1536, layers=30, heads=9, kv_heads=3, head=64, vocabulary=49152, is_tied=True
    ),
}
"""Base model -> its measures, for those that recipes of this package name."""


def find_shape(options: ModelOptions) -> Shape | None:
    """Return the measures of a base model without the network; None where they are not known here."""
    folder = Path(options.base).expanduser()
    if (folder / "config.json").is_file():
        return read_shape(folder / "config.json")
    return KNOWN.get(options.base)


def read_shape(path: Path) -> Shape | None:
    """Read a config.json; None where it is not that of a model in the form of Llama, or is no such file."""
    try:
        return make_shape(json.loads(path.read_bytes()))
    except (OSError, ValueError):
        return None


def make_shape(config: object) -> Shape | None:
    """Return the measures that the config of a model names; None where it lacks one."""
    if not isinstance(config, dict):
        return None
    try:
        heads, hidden = int(config["num_attention_heads"]), int(config["hidden_size"])
        return Shape(
            hidden=hidden,
            inner=int(config["intermediate_size"]),
            layers=int(config["num_hidden_layers"]),
            heads=heads,
            kv_heads=int(config.get("num_key_value_heads") or heads),
            head=int(config.get("head_dim") or hidden // heads),
            vocabulary=int(config["vocab_size"]),
            is_tied=bool(config.get("tie_word_embeddings", False)),
        )
    except (ValueError, KeyError, TypeError, ZeroDivisionError):
        return None
