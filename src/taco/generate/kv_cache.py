"""Keys and values of a batch in memory that is taken once, written in place and given up row by row.

transformers' own cache makes a new copy of all keys and values for every token; with 40 rows of 300 tokens that is half
as much time again as the decoding itself (SmolLM2-135M on a CPU). Here a token's keys and values are written behind
the earlier ones, and a finished row is overwritten by the last one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers.cache_utils import DynamicCache, DynamicLayer


class RoomyLayer(DynamicLayer):  # type: ignore[misc]  # transformers is not typed
    """The keys and values of one layer of full attention, [rows, heads, tokens, head size].

    Args:
        room: Number of tokens that a row may have at most.
    """

    _layer_type = None

    def __init__(self, *, room: int) -> None:
        super().__init__()
        self._room = room
        self._length = 0

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Write the newest keys and values behind the others and return all; called by the model."""
        rows, _, count, _ = key_states.shape
        if not self.is_initialized:
            self._all_keys = _make_room(key_states, self._room)
            self._all_values = _make_room(value_states, self._room)
            self.lazy_initialization(key_states, value_states)
        start, self._length = self._length, self._length + count
        self._all_keys[:rows, :, start : self._length] = key_states
        self._all_values[:rows, :, start : self._length] = value_states
        self.keys = self._all_keys[:rows, :, : self._length]
        self.values = self._all_values[:rows, :, : self._length]
        return self.keys, self.values

    def preload(self, keys: torch.Tensor, values: torch.Tensor, *, counts: Sequence[int], length: int) -> None:
        """Fill an empty layer with the first tokens of each row; what is in front of them is padding.

        Args:
            keys, values: Those of the tokens that all rows begin with, [1, heads, tokens, head size].
            counts: For each row, how many of them to take.
            length: Tokens that a row has from now on, padding included.
        """
        self.lazy_initialization(keys, values)
        rows, (_, heads, _, size) = len(counts), keys.shape
        self._all_keys = keys.new_empty((rows, heads, self._room, size))
        self._all_values = values.new_empty((rows, heads, self._room, size))
        for own, shared in ((self._all_keys, keys), (self._all_values, values)):
            own[:, :, :length] = 0  # it is masked, but 0 times what memory may hold is not always 0
            for row, count in enumerate(counts):
                own[row, :, length - count : length] = shared[0, :, :count]
        self._length = length
        self.keys, self.values = self._all_keys[:, :, :length], self._all_values[:, :, :length]

    def reorder_cache(self, beam_idx: torch.Tensor) -> None:
        """Make row i what row `beam_idx[i]` was and give up the rows beyond; only rows that move are copied."""
        places = torch.arange(len(beam_idx), device=beam_idx.device)
        moved = places[places != beam_idx]
        if len(moved):
            sources = beam_idx[moved]
            for buffer in (self._all_keys, self._all_values):
                buffer[moved, :, : self._length] = buffer[sources, :, : self._length]

    def absorb(self, other: RoomyLayer, *, rows: int, other_rows: int, length: int, room: int) -> None:
        """Take another layer's rows behind the own ones, the ends of all at one place.

        Args:
            other: The same layer of another batch.
            rows, other_rows: Rows of each that are in use.
            length: Tokens that a row has from now on, padding on the left included.
            room: Number of tokens that a row may have at most.
        """
        self._all_keys, self._all_values = (
            _lay_together([own[:rows, :, : self._length], others[:other_rows, :, : other._length]], length, room)
            for own, others in ((self._all_keys, other._all_keys), (self._all_values, other._all_values))
        )
        self._length, self._room = length, room
        self.keys, self.values = (
            self._all_keys[:, :, :length],
            self._all_values[:, :, :length],
        )  # transformers measures them


@dataclass(frozen=True, slots=True)
class Prefix:
    """Tokens that prompts begin with, read once.

    Attributes:
        tokens: The tokens.
        states: Their keys and values in each layer, [1, heads, tokens, head size].
    """

    tokens: list[int]
    states: list[tuple[torch.Tensor, torch.Tensor]]

    def cut(self, count: int) -> Prefix:
        """Return its first tokens alone."""
        return Prefix(self.tokens[:count], [(keys[:, :, :count], values[:, :, :count]) for keys, values in self.states])

    def begins(self, prompts: Sequence[Sequence[int]]) -> bool:
        """Whether all prompts begin with it and have more."""
        count = len(self.tokens)
        return all(len(prompt) > count and list(prompt[:count]) == self.tokens for prompt in prompts)


def build_cache(config: Any, *, room: int) -> DynamicCache:
    """Make an empty cache for a model.

    Layers with a window, a state or another form of their own keep transformers' cache.

    Args:
        config: The model's configuration.
        room: Number of tokens that a row may have at most, its prompt and padding included.
    """
    cache = DynamicCache(config=config)
    cache.layers = [RoomyLayer(room=room) if type(layer) is DynamicLayer else layer for layer in cache.layers]
    return cache


def estimate_token_bytes(config: Any, *, bytes_per_number: int) -> int:
    """Estimate the memory that the keys and values of one token take in all layers; 0 where the model does not tell."""
    text = config.get_text_config(decoder=True)
    layers = getattr(text, "num_hidden_layers", 0) or 0
    heads = getattr(text, "num_attention_heads", 0) or 0
    size = getattr(text, "head_dim", None) or (getattr(text, "hidden_size", 0) or 0) // max(1, heads)
    shared = getattr(text, "num_key_value_heads", None) or heads
    return int(2 * layers * shared * size * bytes_per_number)


def _make_room(states: torch.Tensor, room: int) -> torch.Tensor:
    rows, heads, _, size = states.shape
    return states.new_empty((rows, heads, room, size))


def _lay_together(parts: list[torch.Tensor], length: int, room: int) -> torch.Tensor:
    rows = sum(len(part) for part in parts)
    _, heads, _, size = parts[0].shape
    whole = parts[0].new_empty((rows, heads, room, size))
    first = 0
    for part in parts:
        place = slice(first, first + len(part))
        taken = min(length, part.shape[2])
        whole[place, :, : length - taken] = 0  # it is masked, but 0 times what memory may hold is not always 0
        whole[place, :, length - taken : length] = part[:, :, part.shape[2] - taken :]
        first += len(part)
    return whole
