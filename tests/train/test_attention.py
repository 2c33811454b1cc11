"""Attention within packed rows equals torch's own on each row alone, gradients too."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import scaled_dot_product_attention

from taco.train.attention import BLOCK, attend_in_rows


def attend_alone(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, lengths: list[int], scale: float
) -> torch.Tensor:
    rows = zip(*(one.split(lengths, dim=1) for one in (query, key, value)), strict=True)
    made = [
        scaled_dot_product_attention(q[None], k[None], v[None], is_causal=True, scale=scale, enable_gqa=True)[0]
        for q, k, v in rows
    ]
    return torch.cat(made, 1)


@given(
    lengths=st.lists(st.integers(1, 3 * BLOCK), min_size=1, max_size=4),
    heads=st.sampled_from([(1, 1), (4, 4), (6, 2), (9, 3), (4, 1)]),
    width=st.sampled_from([2, 8, 16]),
    seed=st.integers(0, 1000),
)
@settings(max_examples=25, deadline=None)
def test_rows_do_not_see_each_other_and_no_token_sees_a_later_one(
    lengths: list[int], heads: tuple[int, int], width: int, seed: int
) -> None:
    torch.manual_seed(seed)
    sizes = [(heads[0], sum(lengths), width)] + 2 * [(heads[1], sum(lengths), width)]
    given_ = [torch.randn(size, dtype=torch.float64, requires_grad=True) for size in sizes]
    wanted = torch.randn(sizes[0], dtype=torch.float64)
    ours = attend_in_rows(*given_, lengths=lengths, scale=0.3)
    theirs = attend_alone(*given_, lengths, 0.3)
    torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-10)
    for mine, other in zip(
        torch.autograd.grad((ours * wanted).sum(), given_),
        torch.autograd.grad((theirs * wanted).sum(), given_),
        strict=True,
    ):
        torch.testing.assert_close(mine, other, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("length", [1, BLOCK - 1, BLOCK, BLOCK + 1, 5 * BLOCK])
def test_borders_of_blocks_leave_nothing_out(length: int) -> None:
    torch.manual_seed(length)
    query, key, value = (torch.randn(2, length, 4, dtype=torch.float64) for _ in range(3))
    ours = attend_in_rows(query, key, value, lengths=[length], scale=0.5)
    torch.testing.assert_close(ours, attend_alone(query, key, value, [length], 0.5))


def test_great_scores_overflow_nothing() -> None:
    query = torch.full((1, 3, 2), 1e4)
    made = attend_in_rows(query, query, torch.eye(3)[None, :, :2].contiguous(), lengths=[3], scale=1.0)
    assert torch.isfinite(made).all()


def test_inputs_may_be_views_in_any_layout() -> None:
    torch.manual_seed(0)
    query, key, value = (torch.randn(1, 70, heads, 8, dtype=torch.float64).transpose(1, 2)[0] for heads in (4, 2, 2))
    assert not query.is_contiguous()
    ours = attend_in_rows(query, key, value, lengths=[30, 40], scale=0.3)
    torch.testing.assert_close(ours, attend_alone(query, key, value, [30, 40], 0.3))
