"""The official client works unmodified: chats, streams, completions, models, errors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("openai", reason="needs the extra [openai]")

import openai
from served_runs import ANSWERS, Running

QUESTION = "Cales son as cores do ceo?"


@pytest.fixture(scope="module")
def client(server: Running) -> Iterator[Any]:
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as made:
        yield made


def ask(client: Any, *texts: str, model: str = "demo-gl", **more: Any) -> Any:
    roles = ["user", "assistant"] * len(texts)
    messages = [{"role": role, "content": text} for role, text in zip(roles, texts, strict=False)]
    return client.chat.completions.create(model=model, messages=messages, **more)


def test_the_answer_is_the_target_section_and_the_english_ones_travel_beside(client: Any) -> None:
    reply = ask(client, QUESTION)
    message = reply.choices[0].message
    assert message.content == QUESTION
    assert message.reasoning_content == f"{QUESTION}\n\n{QUESTION}"
    assert message.taco == {"instruction_en": QUESTION, "response_en": QUESTION}
    assert reply.choices[0].finish_reason == "stop"
    assert reply.taco["state"] == "complete"
    assert (reply.taco["language"], reply.taco["direction"]) == ("gl", "ltr")


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("question", ANSWERS)
def test_no_english_gets_into_the_answer(client: Any, question: str, stream: bool) -> None:
    wanted = ANSWERS[question]
    reply = ask(client, question, model="auto", stream=stream)
    if stream:
        deltas = [chunk.choices[0].delta for chunk in reply]
        content = "".join(delta.content or "" for delta in deltas)
        english = "".join(getattr(delta, "reasoning_content", None) or "" for delta in deltas)
    else:
        content, english = reply.choices[0].message.content, reply.choices[0].message.reasoning_content
    assert content == wanted.response
    assert english == f"{wanted.instruction_en}\n\n{wanted.response_en}"


def test_usage_counts_every_token_in_one_section(client: Any) -> None:
    usage = ask(client, QUESTION).usage
    words = len(QUESTION.split())
    sections = usage.taco_sections
    assert {name: sections[name] for name in ("instruction_en", "response_en", "response")} == dict.fromkeys(
        ("instruction_en", "response_en", "response"), words
    )
    assert sum(sections.values()) == usage.completion_tokens
    assert usage.completion_tokens_details.reasoning_tokens == 2 * words
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens


def test_a_stream_gives_the_same_and_no_english_in_the_content(client: Any) -> None:
    chunks = list(ask(client, QUESTION, stream=True, stream_options={"include_usage": True}))
    deltas = [chunk.choices[0].delta for chunk in chunks if chunk.choices]
    assert "".join(delta.content or "" for delta in deltas) == QUESTION
    english = "".join(getattr(delta, "reasoning_content", None) or "" for delta in deltas)
    assert english == f"{QUESTION}\n\n{QUESTION}"
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    assert chunks[-1].usage.completion_tokens == ask(client, QUESTION).usage.completion_tokens
    assert len({chunk.id for chunk in chunks}) == 1
    assert chunks[0].taco["direction"] == "ltr"


@pytest.mark.parametrize(
    ("chain", "content", "has_english"),
    [("inline", f"Response in Galician:\n{QUESTION}", False), ("none", QUESTION, False), ("field", QUESTION, True)],
)
@pytest.mark.parametrize("stream", [False, True])
def test_where_the_chain_goes_is_the_clients_choice(
    client: Any, chain: str, content: str, has_english: bool, stream: bool
) -> None:
    reply = ask(client, QUESTION, stream=stream, extra_body={"taco": {"chain": chain}})
    if stream:
        deltas = [chunk.choices[0].delta for chunk in reply if chunk.choices]
        found = "".join(delta.content or "" for delta in deltas)
        english = any(hasattr(delta, "reasoning_content") for delta in deltas)
    else:
        found, english = reply.choices[0].message.content, hasattr(reply.choices[0].message, "reasoning_content")
    assert found.endswith(content)
    assert english is has_english
    assert ("Instruction in English:" in found) is (chain == "inline")


def test_auto_takes_the_run_of_the_questions_language(client: Any) -> None:
    texts = {"demo-fa": "پایتخت ایران کجاست؟", "demo-ne": "नेपालको राजधानी कहाँ छ?", "demo-gl": QUESTION}
    assert {name: ask(client, text, model="auto").model for name, text in texts.items()} == {
        name: name for name in texts
    }


def test_limits_and_stop_sequences_end_an_answer(client: Any) -> None:
    short = ask(client, QUESTION, max_tokens=4)
    assert (short.choices[0].finish_reason, short.usage.completion_tokens) == ("length", 4)
    assert short.choices[0].message.content == ""
    assert short.taco["state"] != "complete"
    stopped = ask(client, QUESTION, stop=["cores do", "never"])
    assert (stopped.choices[0].message.content, stopped.choices[0].finish_reason) == ("Cales son as ", "stop")
    streamed = ask(client, QUESTION, stop="cores do", stream=True)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in streamed) == "Cales son as "


def test_a_conversation_is_gone_on_with(client: Any) -> None:
    first = ask(client, "Ola")
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Ola"},
        first.choices[0].message.model_dump(exclude_none=True),
        {"role": "user", "content": [{"type": "text", "text": "E ti?"}]},
    ]
    assert client.chat.completions.create(model="auto", messages=messages).choices[0].message.content == "E ti?"


def test_completions_go_on_with_raw_text(client: Any) -> None:
    reply = client.completions.create(model="demo-gl", prompt="Era unha vez")
    assert reply.choices[0].text == "Era unha vez"
    pieces = list(client.completions.create(model="demo-gl", prompt="Era unha vez", stream=True))
    assert "".join(piece.choices[0].text for piece in pieces if piece.choices) == "Era unha vez"


def test_models_are_listed_with_their_language(client: Any) -> None:
    found = {model.id: model for model in client.models.list()}
    assert list(found) == ["auto", "demo-gl", "demo-fa", "demo-ne"]
    assert found["demo-fa"].taco["direction"] == "rtl"
    assert client.models.retrieve("demo-fa").id == "demo-fa"


@pytest.mark.parametrize(
    ("more", "kind", "words"),
    [
        ({"model": "nobody"}, "NotFoundError", "demo-gl"),
        ({"n": 2}, "BadRequestError", "n = 1"),
        ({"temperature": 3}, "BadRequestError", "temperature"),
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "BadRequestError", "tools"),
        ({"response_format": {"type": "json_object"}}, "BadRequestError", "response_format"),
        ({"logprobs": True}, "BadRequestError", "logprobs"),
    ],
)
def test_what_is_not_supported_is_refused_in_openais_form(
    client: Any, more: dict[str, Any], kind: str, words: str
) -> None:
    with pytest.raises(getattr(openai, kind), match=words) as raised:
        ask(client, QUESTION, **({"model": "demo-gl"} | more))
    assert raised.value.body["type"] in ("invalid_request_error", "not_found_error")


def test_a_prompt_too_long_is_refused_before_the_stream_begins(client: Any) -> None:
    with pytest.raises(openai.BadRequestError, match="context") as raised:
        ask(client, "ola " * 5000, stream=True)
    assert raised.value.code == "context_length_exceeded"
