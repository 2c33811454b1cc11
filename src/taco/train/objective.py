"""The loss of packed rows, with vocabulary logits only where a label is.

Rows of a micro-batch lie one behind the other in a single sequence. Their positions start again at 0 with each row,
from which transformers builds an attention mask that keeps every row to itself; no slot is padding.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from taco.train.tokens import IGNORED, EncodedRow

if TYPE_CHECKING:
    import torch

ROUNDING = {"torch.float32": 1e-4, "torch.bfloat16": 1e-2}
"""Largest relative difference between the losses of packed and of single rows that rounding explains."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """Rows as tensors for one forward pass over N tokens, of which S are learnt.

    Attributes:
        input_ids, position_ids: [1, N].
        predictors: [S], places in the sequence whose logits predict a learnt token.
        targets: [S], the learnt tokens.
    """

    input_ids: torch.Tensor
    position_ids: torch.Tensor
    predictors: torch.Tensor
    targets: torch.Tensor


def pack_tensors(rows: Sequence[EncodedRow], *, device: Any) -> Packed:
    """Lay rows one behind the other."""
    import torch

    ids = [token for row in rows for token in row.input_ids]
    positions = [place for row in rows for place in range(len(row.input_ids))]
    labels = [label for row in rows for label in row.labels]
    predictors = [place - 1 for place, label in enumerate(labels) if label != IGNORED]
    return Packed(
        input_ids=torch.tensor([ids], device=device),
        position_ids=torch.tensor([positions], device=device),
        predictors=torch.tensor(predictors, device=device),
        targets=torch.tensor([labels[place + 1] for place in predictors], device=device),
    )


def sum_token_losses(model: Any, rows: Sequence[EncodedRow]) -> torch.Tensor:
    """Return the sum of the cross entropies, in nats, of the learnt tokens of rows that go through in one pass.

    Args:
        model: A causal language model of transformers, bare or wrapped by PEFT.
        rows: The rows to pack.
    """
    from torch.nn.functional import cross_entropy

    packed = pack_tensors(rows, device=model.device)
    inputs = {"input_ids": packed.input_ids, "position_ids": packed.position_ids, "use_cache": False}
    if _takes_positions_to_keep(model):
        logits = model(**inputs, logits_to_keep=packed.predictors).logits[0]
    else:
        logits = model(**inputs).logits[0, packed.predictors]
    return cross_entropy(logits.float(), packed.targets, reduction="sum")


def packs_exactly(model: Any, rows: Sequence[EncodedRow]) -> bool:
    """Whether rows that share a sequence get the losses that they get alone; tried on the two shortest rows.

    Models whose layers do not honour the mask of packed rows (recurrent ones, for instance) would mix them up.
    """
    import torch

    pair = sorted(rows, key=lambda row: len(row.input_ids))[:2]
    if len(pair) < 2:
        return True
    was_training = model.training
    model.eval()
    with torch.no_grad():
        alone = sum(float(sum_token_losses(model, [row])) for row in pair)
        together = float(sum_token_losses(model, pair))
    model.train(was_training)
    return abs(together - alone) <= ROUNDING.get(str(model.dtype), 1e-2) * abs(alone)


def _takes_positions_to_keep(model: Any) -> bool:
    bare = model.get_base_model() if hasattr(model, "get_base_model") else model
    return "logits_to_keep" in inspect.signature(bare.forward).parameters
