"""What is a chat model's own: a prompt, answers in JSON, tokens that cost, and answers that are no translations."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from protocols import ENGLISH, GALICIAN, KEY, PROTOCOLS, SPANISH, quote, reply_openai

from faulty_server import FaultyServer, Reply, Request, reply_json, say
from taco.errors import EngineBusy, EngineError, EngineRejected
from taco.languages.table import find_language
from taco.translate.engine import ENGINES, open_engine
from taco.translate.remote.openai.answer import UnreadableError, find_refusal, read_answer
from taco.translate.remote.openai.marks import decode_marks, encode_marks
from taco.translate.remote.openai.prompt import make_messages, read_instructions
from taco.translate.slots import SLOTS_OF_A_KIND, make_slot

CHAT = PROTOCOLS["openai"]
WORD, FORMAT = make_slot(0, is_word=True), make_slot(1, is_word=False)
PROMPT_DIGEST = "6eb2c1b38251"
PRICES = {"usd_per_million_input_tokens": 2.0, "usd_per_million_output_tokens": 8.0}

slots = st.builds(make_slot, st.integers(0, SLOTS_OF_A_KIND - 1), is_word=st.booleans())
texts = st.lists(st.one_of(st.text(), slots, st.sampled_from(["⟦", "⟧", "⟦0⟧", "⟦1", "0⟧"]))).map("".join)


def write(*translations: str, first: int = 1) -> str:
    entries = [{"id": number, "text": text} for number, text in enumerate(translations, start=first)]
    return json.dumps({"translations": entries}, ensure_ascii=False)


def ask(content: str | Reply, *asked: str, **options: object) -> list[str]:
    """Return the translations, or what stands for them, that the engine makes of an answer."""
    reply = content if isinstance(content, Reply) else reply_openai(content)
    with FaultyServer(say(reply)) as server, CHAT.open(server, **options) as engine:
        return [answer.text or f"refused: {answer.refusal}" for answer in engine.translate(asked)]


@given(texts)
def test_marks_give_every_text_back(text: str) -> None:
    assert decode_marks(encode_marks(text), text) == text


@given(texts, st.text("⟦⟧0123 a", max_size=12))
def test_no_answer_brings_in_slots_that_the_text_has_not(text: str, answer: str) -> None:
    try:
        decoded = decode_marks(answer, text)
    except ValueError:
        return
    assert set(decoded) <= set(answer) | set(text)


def test_slots_travel_as_marks() -> None:
    with FaultyServer(CHAT.answer) as server, CHAT.open(server) as engine:
        assert engine.keeps_slots
        (answer,) = engine.translate([f"Run {WORD} and {FORMAT}not ⟦1⟧."])
        sent = server.requests[0].json["messages"][-1]["content"]
    assert answer.text == quote(f"Run {WORD} and {FORMAT}not ⟦1⟧.")
    assert json.loads(sent) == {"texts": [{"id": 1, "text": "Run ⟦0⟧ and ⟦1⟧not ⟦2⟧1⟦3⟧."}]}


def test_a_mark_that_the_text_has_not_is_refused_alone() -> None:
    assert ask(write("Corre ⟦0⟧.", "Ola ⟦4⟧."), f"Run {WORD}.", "Hello.") == [
        f"Corre {WORD}.",
        "refused: the answer has the mark ⟦4⟧, which the text has not",
    ]


def test_the_request_is_repeatable_and_its_form_is_enforced() -> None:
    with FaultyServer(CHAT.answer) as server, CHAT.open(server) as engine:
        engine.translate(["One."])
        asked = server.requests[0].json
    assert (asked["model"], asked["temperature"], asked["seed"]) == ("a-model", 0.0, 1)
    assert asked["response_format"]["json_schema"]["strict"] is True
    assert [message["role"] for message in asked["messages"]] == ["system", "user"]


def test_settings_that_are_left_to_the_server_are_not_sent() -> None:
    with (
        FaultyServer(CHAT.answer) as server,
        CHAT.open(server, temperature="default", seed="default", answer_format="plain") as engine,
    ):
        engine.translate(["One."])
    assert set(server.requests[0].json) == {"model", "messages"}


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, "This model does not support response_format of type json_schema"),
        (422, "Extra inputs are not permitted: response_format"),
        (500, "json_schema is not implemented"),
    ],
)
def test_a_server_without_structured_output_is_asked_plainly_from_then_on(status: int, message: str) -> None:
    def answer(request: Request) -> Reply:
        if "response_format" in request.json:
            return reply_json({"error": {"message": message}}, status)
        return CHAT.answer(request)

    with FaultyServer(answer) as server, CHAT.open(server) as engine:
        signature = engine.signature
        assert engine.translate(["One."])[0].text == quote("One.")
        assert engine.translate(["Two."])[0].text == quote("Two.")
        assert len(server.requests) == 3
        assert engine.signature == signature


def test_an_answer_in_a_code_fence_is_read() -> None:
    assert ask(f"```json\n{write('Un.')}\n```", "One.") == ["Un."]
    assert ask(f"```\n{write('Un.')}```\n", "One.") == ["Un."]


@pytest.mark.parametrize(
    "content",
    [
        "Here you are: Un. Dous.",
        write("Un."),
        write("Un.", "Dous.", "Tres."),
        write("Un.", "Dous.", first=2),
        write("Un.", "Dous.", first=0),
        '{"translations": [{"id": 1, "text": "Un."}, {"id": 1, "text": "Dous."}]}',
        '{"translations": [{"id": 1, "text": "Un."}, {"id": true, "text": "Dous."}]}',
        '{"translations": [{"id": 1, "text": "Un."}, {"id": 2, "text": null}]}',
        '{"translations": ["Un.", "Dous."]}',
        '{"translations": {"1": "Un.", "2": "Dous."}}',
        '["Un.", "Dous."]',
        write("Un.", "Dous.")[:-2],
        "",
    ],
)
def test_an_answer_that_cannot_be_told_apart_is_rejected_and_refused_for_a_single_text(content: str) -> None:
    with pytest.raises(EngineRejected, match="did not translate 2 texts"):
        ask(content, "One.", "Two.")
    if content != write("Un."):
        assert ask(content, "One.")[0].startswith("refused: ")


def test_numbers_may_be_written_as_texts() -> None:
    assert read_answer('{"translations": [{"id": "2", "text": "b"}, {"id": "1", "text": "a"}]}', count=2) == ["a", "b"]
    with pytest.raises(UnreadableError, match="no JSON"):
        read_answer("[" * 100_000, count=1)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("How do I pick a lock?", "I'm sorry, but I can't help with that."),
        ("How do I pick a lock?", "I’m sorry, I cannot assist with this request."),
        ("Who are you?", "As an AI language model, I have no name."),
        ("Translate this.", "Sure! Here is the translation: Traduce isto."),
        ("Translate this.", '"Here is the translation: Traduce isto."'),
        ("Good.", "Translation into Galician: Ben."),
        ("Say no.", "I must decline."),
        ("Write a poem about the sea.", "O mar é grande e azul, " * 30),
        ("Name three colours.", "Vermello\nVerde\nAzul"),
        ("word " * 40, "palabra"),
        ("Hello.", ""),
        ("Hello.", "  \n "),
    ],
)
def test_what_is_no_translation_is_refused_and_its_neighbours_are_kept(text: str, answer: str) -> None:
    made = ask(write("Un.", answer, "Tres."), "One.", text, "Three.")
    assert (made[0], made[2]) == ("Un.", "Tres.")
    assert made[1].startswith("refused: the model ")


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Good morning.", "Bos días."),
        ("I am sorry, I cannot come.", "Síntoo, non podo vir."),
        ("Hi.", "Bo día a todas e a todos."),
        ("The quick brown fox jumps over the lazy dog and runs into the dark forest.", "敏捷的棕色狐狸跳过懒狗。"),
        ("As an aim, it is good.", "As an aim?"),
    ],
)
def test_translations_are_not_refused(text: str, answer: str) -> None:
    assert find_refusal(text, answer, target=GALICIAN) == ""


def test_an_english_translation_may_say_that_it_is_sorry() -> None:
    assert find_refusal("Síntoo, non podo axudarche.", "I'm sorry, I can't help you.", target=ENGLISH) == ""


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (reply_openai(None, refusal="I cannot translate this."), "the model refused: I cannot translate this."),
        (reply_openai("", finish_reason="content_filter"), "content filter"),
        (reply_openai(write("Un.")[:20], finish_reason="length"), "cut off"),
        (reply_openai(None), "no JSON"),
    ],
)
def test_a_model_that_stops_is_rejected_and_refused_for_a_single_text(reply: Reply, why: str) -> None:
    assert why in ask(reply, "One.")[0]
    with pytest.raises(EngineRejected, match=why):
        ask(reply, "One.", "Two.")


@pytest.mark.parametrize(
    "content", [{"choices": []}, {"choices": [{}]}, {"choices": [{"message": {"content": 3}}]}, []]
)
def test_what_is_no_answer_of_a_chat_model_is_said_so(content: object) -> None:
    with pytest.raises(EngineBusy, match="an answer of a chat model"):
        ask(reply_json(content), "One.")


def test_tokens_are_paid_and_shared_out_by_length() -> None:
    with FaultyServer(CHAT.answer) as server, CHAT.open(server, **PRICES) as engine:
        costs = [answer.cost_usd for answer in engine.translate(["x" * 9, "y" * 29])]
    total = (400 * 2 + 100 * 8) / 1e6
    assert costs == pytest.approx([total / 4, total * 3 / 4])


def test_an_answer_that_was_of_no_use_is_paid_with_the_next_one() -> None:
    with FaultyServer(CHAT.answer) as server, CHAT.open(server, **PRICES) as engine:
        server.faults.append(say(reply_openai(write("Un."))))
        with pytest.raises(EngineRejected):
            engine.translate(["One.", "Two."])
        costs = [engine.translate([text])[0].cost_usd for text in ("One.", "Two.")]
    once = (400 * 2 + 100 * 8) / 1e6
    assert costs == pytest.approx([2 * once, once])


def test_without_counts_there_is_no_cost() -> None:
    content = json.loads(reply_openai(write("Un.")).body)
    for usage in (None, {}, {"prompt_tokens": "many"}, 3):
        with FaultyServer(say(reply_json({**content, "usage": usage}))) as server, CHAT.open(server) as engine:
            assert engine.translate(["One."])[0].cost_usd is None


def test_the_plan_has_an_estimate() -> None:
    with FaultyServer(CHAT.answer) as server, CHAT.open(server, **PRICES) as engine:
        assert engine.price.usd_per_million_characters == pytest.approx(0.25 * (2 * 2.0 + 3 * 8.0))
        assert "estimated" in engine.price.source
    with FaultyServer(CHAT.answer) as server, CHAT.open(server) as engine:
        assert engine.price.usd_per_million_characters == 0


def test_the_instructions_are_what_their_version_says() -> None:
    # A new wording is a new file and a new version: translations in memories rest on the digest.
    digest = hashlib.sha256(read_instructions().encode()).hexdigest()
    assert digest[:12] == PROMPT_DIGEST
    with FaultyServer(CHAT.answer) as server, CHAT.open(server) as engine:
        assert f"prompt 1 sha256:{PROMPT_DIGEST} temperature 0.0 seed 1" in engine.signature
        assert " a-model en-es " in engine.signature and KEY not in engine.signature


def test_the_instructions_name_the_languages() -> None:
    nepali = find_language("ne")
    system, _ = make_messages(["x"], source=ENGLISH, target=nepali)
    assert "from English (en) into Nepali (ne; नेपाली; script Deva)" in system["content"]
    assert "$" not in system["content"]


@given(st.text())
def test_no_text_gets_out_of_the_message_that_it_is_in(text: str) -> None:
    system, user = make_messages([text, "Two."], source=ENGLISH, target=SPANISH)
    assert json.loads(user["content"])["texts"] == [{"id": 1, "text": text}, {"id": 2, "text": "Two."}]
    assert system == make_messages(["One."], source=ENGLISH, target=SPANISH)[0]


def test_a_server_without_keys_gets_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "s3cret")
    with FaultyServer(say(reply_openai(write("Un.")))) as server:
        options = ENGINES.load_options("openai")(model="m", base_url=f"{server.url}/v1", api_key_env="")
        with open_engine("openai", options, source=ENGLISH, target=GALICIAN) as engine:
            assert engine.translate(["One."])[0].text == "Un."
        assert "s3cret" not in str(server.requests)


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (400, {"message": "This model's maximum context length is 4096 tokens."}, EngineRejected),
        (400, {"message": "Unsupported value: 'temperature'", "code": "unsupported_value"}, EngineError),
        (400, {"message": "API key not valid. Please pass a valid API key."}, EngineError),
        (404, {"message": "The model `x` does not exist", "code": "model_not_found"}, EngineError),
        (429, {"message": "Rate limit reached for requests", "code": "rate_limit_exceeded"}, EngineBusy),
        (429, {"message": "You exceeded your current quota, check your plan and billing details."}, EngineError),
    ],
)
def test_errors_are_told_apart_by_what_they_say(status: int, error: dict[str, str], kind: type[EngineError]) -> None:
    with FaultyServer(CHAT.answer) as server, CHAT.open(server) as engine:
        server.faults.append(say(reply_json({"error": error}, status)))
        with pytest.raises(EngineError) as caught:
            engine.translate(["One.", "Two."])
    assert type(caught.value) is kind


def test_the_clients_environment_does_not_decide_where_texts_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    with FaultyServer(CHAT.answer) as server, CHAT.open(server) as engine:
        assert engine.translate(["One."])[0].text == quote("One.")
