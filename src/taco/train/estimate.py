"""What memory a training needs, from the measures of the base model and the settings, before anything is loaded.

Counted for models in the form of Llama, one forward and backward pass at a time on one device:

- weights: 4 bits and 0.127 for doubly quantised scales a number in the linear layers (QLoRA, arXiv 2305.14314, section 3),
  fp32 in the others, which PEFT brings to it; without quantisation the number format of `model.dtype`.
- learnt weights: fp32 weight, gradient and the two moments of AdamW (arXiv 1711.05101) make 16 bytes; in full tuning they
  have the weights' own format.
- activations a token and layer: what autograd keeps. Of an adapted layer its input after dropout and the mask of it, in
  fp32; for the rest 3 widths of the stream, 2 of keys and values and 3 of the feed-forward part, and in bf16 the norms'
  fp32 copies; 8 bytes a width for the last norm. With recomputing, one width of the stream a layer, and all of one layer.
- logits: bounded by `MOST_LOGITS`, with their logarithms and gradient.
"""

from __future__ import annotations

from dataclasses import dataclass

from taco.model.shape import Shape
from taco.train.objective import MOST_LOGITS
from taco.train.options import TrainOptions

BITS_4 = (4 + 0.127) / 8
"""Bytes of a number in double-quantised NF4."""

ADAM = 4
"""Numbers for each learnt weight: itself, its gradient, two moments."""

RESERVE = 0.1
"""Share that is added for the driver, for memory between blocks and for what is not counted."""

GPUS_GIB = (12, 16, 24, 40, 48, 80, 141)
"""Sizes of common GPUs."""

_GIB = 2**30


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """An estimate, in bytes.

    Attributes:
        weights: All weights that are not learnt; in full tuning none.
        learnt: The learnt weights with gradient and moments.
        activations: What one pass keeps for its backward pass.
        workspace: Logits, and the largest layer with its weights unpacked from 4 bits.
        learnt_weights: Number of learnt weights.
        tokens: Tokens of the pass.
        recompute: Whether activations are computed again.
    """

    weights: int
    learnt: int
    activations: int
    workspace: int
    learnt_weights: int
    tokens: int
    recompute: bool

    @property
    def total(self) -> int:
        """All of it, with the reserve."""
        return round((self.weights + self.learnt + self.activations + self.workspace) * (1 + RESERVE))

    @property
    def gpu_gib(self) -> int | None:
        """The smallest common GPU that it fits, in GiB; None where it fits none."""
        return next((size for size in GPUS_GIB if self.total <= size * _GIB), None)


def estimate_memory(options: TrainOptions, shape: Shape, *, bytes_per_number: int, recompute: bool) -> Memory:
    """Estimate what a training needs.

    Args:
        options: The settings.
        shape: The base model.
        bytes_per_number: Of the number format that is computed in: 4 for fp32, 2 for bf16.
        recompute: Whether activations are computed again in the backward pass.
    """
    is_full, is_packed = options.method == "full", options.method == "qlora"
    embeddings = shape.vocabulary * shape.hidden if options.embeddings != "frozen" and not is_full else 0
    learnt = shape.weights if is_full else count_adapter(options, shape) + embeddings
    weights = 0 if is_full else shape.weights * bytes_per_number
    if is_packed:
        weights = round(shape.linear_weights * BITS_4) + shape.other_weights * 4
    tokens = max(options.micro_batch_tokens, options.max_row_tokens)
    largest = max(wide * high for wide, high in shape.list_linears().values())
    logits = min(tokens * shape.vocabulary, MOST_LOGITS)
    return Memory(
        weights=weights,
        learnt=learnt * ADAM * (bytes_per_number if is_full else 4),
        activations=tokens * count_activation_bytes(options, shape, bytes_per_number, recompute=recompute),
        workspace=3 * 4 * logits + (largest * bytes_per_number if is_packed else 0),
        learnt_weights=learnt,
        tokens=tokens,
        recompute=recompute,
    )


def count_adapter(options: TrainOptions, shape: Shape) -> int:
    """Return the number of weights of the adapter; targets that the model does not have count nothing.

    >>> from taco.model.shape import LLAMA_33B
    >>> count_adapter(TrainOptions(rank=32), LLAMA_33B)
    102236160
    """
    linears = shape.list_linears()
    found = [linears[target] for target in options.targets if target in linears]
    directions = sum(high for _, high in found) if options.dora else 0
    return shape.layers * (options.rank * sum(wide + high for wide, high in found) + directions)


def count_activation_bytes(options: TrainOptions, shape: Shape, size: int, *, recompute: bool) -> int:
    """Return the bytes that autograd keeps for each token of a pass; `size` is that of a number."""
    keys = shape.kv_heads * shape.head
    if options.method == "full":
        layer = size * (8 * shape.hidden + 2 * keys + 4 * shape.inner)
    else:
        linears = shape.list_linears()
        adapted = sum(linears[target][0] for target in options.targets if target in linears)
        copies = 8 * shape.hidden if size == 2 else 0
        layer = 4 * 2 * adapted + size * (3 * shape.hidden + 2 * keys + 3 * shape.inner) + copies
    last_norm = 8 * shape.hidden
    return last_norm + (size * shape.hidden * shape.layers + layer if recompute else layer * shape.layers)


def choose_recompute(options: TrainOptions, shape: Shape | None, *, bytes_per_number: int, free: int) -> bool:
    """Whether activations are to be computed again: as asked, or where they would not fit into the memory that is free.

    Args:
        options: The settings.
        shape: The base model; None where it is not known, which `auto` takes for "it fits".
        bytes_per_number: Of the number format that is computed in.
        free: Bytes that are free once the base model's weights are loaded.
    """
    if options.recompute != "auto":
        return options.recompute == "always"
    if shape is None:
        return False
    memory = estimate_memory(options, shape, bytes_per_number=bytes_per_number, recompute=False)
    return memory.total - memory.weights > free
