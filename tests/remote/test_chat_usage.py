"""What a chat server says of its tokens, hostile counts included."""

from __future__ import annotations

import json

import pytest

from taco.remote.chat_options import ChatOptions
from taco.remote.chat_reply import read_reply
from taco.remote.faults import Service

OPTIONS = ChatOptions(model="m", usd_per_million_input_tokens=1.0, usd_per_million_output_tokens=2.0)


def reply(usage: object) -> str:
    return json.dumps({"choices": [{"message": {"content": "Ola"}}], "usage": usage})


def test_cost_is_what_the_counts_come_to() -> None:
    usage = {"prompt_tokens": 1_000_000, "completion_tokens": 500_000}
    assert read_reply(reply(usage), Service(name="openai")).count_cost(OPTIONS) == 2.0


@pytest.mark.parametrize("usage", [None, [], {"prompt_tokens": -9, "completion_tokens": 1}, {"prompt_tokens": "9"}])
def test_a_count_that_is_none_costs_nothing_less(usage: object) -> None:
    found = read_reply(reply(usage), Service(name="openai"))
    assert (found.content, found.count_cost(OPTIONS)) == ("Ola", None)
