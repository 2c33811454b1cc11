"""Each schema reads its rows, says what is wrong with others, and is told from the rest."""

import pytest

from taco.source.alpaca import parse_alpaca
from taco.source.dolly import parse_dolly
from taco.source.draft import Draft, Fault
from taco.source.format import FORMATS, detect_format
from taco.source.messages import parse_messages
from taco.source.seed import parse_seed, read_seed_lines
from taco.source.self_instruct import parse_self_instruct

ALPACA = {"instruction": "Add.", "input": "1 2", "output": "3"}
DOLLY = {"instruction": "Add.", "context": "1 2", "response": "3", "category": "math"}
TASK = {
    "id": "t1",
    "name": "add",
    "instruction": "Add.",
    "instances": [{"input": "1 2", "output": "3"}, {"input": "", "output": "0"}],
    "is_classification": False,
}
OPENAI = {"messages": [{"role": "user", "content": "Add 1 and 2."}, {"role": "assistant", "content": "3"}]}
SHAREGPT = {"id": "x", "conversations": [{"from": "human", "value": "Add 1 and 2."}, {"from": "gpt", "value": "3"}]}
SEED = {"instruction": "Add.", "input": "1 2", "response": "3", "category": "math", "split": "heldout"}


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        (ALPACA, "alpaca"),
        (DOLLY, "dolly"),
        (TASK, "self-instruct"),
        (OPENAI, "messages"),
        (SHAREGPT, "messages"),
        (SEED, "seed"),
        ({"instruction": "a", "output": "b"}, "alpaca"),
        ({**ALPACA, "text": "more"}, "alpaca"),
        ({"prompt": "a", "completion": "b"}, None),
        ({}, None),
    ],
)
def test_the_schema_is_told_by_the_fields(fields: dict[str, object], name: str | None) -> None:
    assert detect_format(fields) == name


def test_each_schema_accepts_what_it_is_told_by() -> None:
    for fields in (ALPACA, DOLLY, TASK, OPENAI, SHAREGPT, SEED):
        name = detect_format(fields)
        assert name is not None
        assert all(draft.response for draft in FORMATS[name].parse(fields))


def test_alpaca() -> None:
    assert parse_alpaca(ALPACA) == [Draft(instruction="Add.", input="1 2", response="3")]


def test_dolly_keeps_context_and_category() -> None:
    assert parse_dolly(DOLLY) == [Draft(instruction="Add.", input="1 2", response="3", category="math")]


def test_self_instruct_gives_a_row_for_each_instance() -> None:
    rows = parse_self_instruct(TASK)
    assert [(row.instruction, row.input, row.response) for row in rows] == [("Add.", "1 2", "3"), ("Add.", "", "0")]


def test_seed_keeps_category_and_split() -> None:
    [row] = parse_seed(SEED)
    assert (row.category, row.split) == ("math", "heldout")


@pytest.mark.parametrize("conversation", [OPENAI, SHAREGPT])
def test_both_forms_of_conversation_read_the_same(conversation: dict[str, object]) -> None:
    assert parse_messages(conversation) == [Draft(instruction="Add 1 and 2.", input="", response="3")]


def turns(*pairs: tuple[str, object]) -> dict[str, object]:
    return {"messages": [{"role": role, "content": content} for role, content in pairs]}


def test_a_system_message_goes_before_the_instruction_unless_it_says_nothing() -> None:
    [row] = parse_messages(turns(("system", "You are a pirate."), ("user", "Hello."), ("assistant", "Arr.")))
    assert row.instruction == "You are a pirate.\n\nHello."
    [row] = parse_messages(turns(("system", "You are a helpful Assistant."), ("user", "Hello."), ("assistant", "Hi.")))
    assert row.instruction == "Hello."
    [row] = parse_messages(turns(("system", "You are a pirate."), ("user", " "), ("assistant", "Arr.")))
    assert row.instruction == ""


def test_further_turns_are_left_out_and_counted() -> None:
    [row] = parse_messages(turns(("user", "A"), ("assistant", "B"), ("user", "C"), ("assistant", "D")))
    assert (row.instruction, row.response, row.unused_turns) == ("A", "B", 2)
    [row] = parse_messages(turns(("assistant", "Hello"), ("user", "A"), ("assistant", "B")))
    assert (row.instruction, row.response, row.unused_turns) == ("A", "B", 1)


def test_text_parts_are_joined() -> None:
    parts = [{"type": "text", "text": "A"}, {"type": "text", "text": "B"}]
    [row] = parse_messages(turns(("user", parts), ("assistant", "C")))
    assert row.instruction == "A\nB"


@pytest.mark.parametrize(
    ("format_name", "fields", "reason", "words"),
    [
        ("alpaca", {"instruction": "a", "output": "b"}, "missing-field", "'input'"),
        ("alpaca", {"instruction": "a", "input": "", "response": "b"}, "missing-field", "'output'"),
        ("alpaca", {**ALPACA, "input": None}, "wrong-type", "null"),
        ("alpaca", {**ALPACA, "output": 3}, "wrong-type", "a number (3)"),
        ("alpaca", {**ALPACA, "instruction": ["a"]}, "wrong-type", "a list"),
        ("alpaca", {**ALPACA, "output": True}, "wrong-type", "truth value"),
        ("dolly", {**DOLLY, "category": None}, "wrong-type", "'category'"),
        ("dolly", {"instruction": "a", "context": "", "response": "b"}, "missing-field", "'category'"),
        ("self-instruct", {**TASK, "instances": []}, "missing-field", "empty list"),
        ("self-instruct", {**TASK, "instances": {"input": "", "output": ""}}, "wrong-type", "a list of objects"),
        ("self-instruct", {**TASK, "instances": [None]}, "wrong-type", "instances[0]"),
        ("self-instruct", {**TASK, "instances": [{"input": "a"}]}, "missing-field", "'instances[0].output'"),
        ("seed", {**SEED, "split": "test"}, "unknown-split", "'test'"),
        ("messages", {"messages": None}, "wrong-type", "null"),
        ("messages", {"messages": "hello"}, "wrong-type", "'hello'"),
        ("messages", turns(("tool", "x"), ("user", "y")), "unknown-role", "'tool'"),
        ("messages", turns(("user", "x")), "no-pair", "nothing"),
        ("messages", turns(("user", "x"), ("user", "y"), ("assistant", "z")), "no-pair", "turn of the user"),
        ("messages", turns(("assistant", "x")), "no-pair", "no user turn"),
        ("messages", turns(("user", [{"type": "image_url"}]), ("assistant", "z")), "wrong-type", "text parts only"),
        ("messages", turns(("user", None), ("assistant", "z")), "wrong-type", "null"),
        ("messages", {"messages": [{"content": "x"}]}, "missing-field", "'messages[0].role'"),
        ("messages", {"conversations": [{"from": 1, "value": "x"}]}, "wrong-type", "conversations[0].from"),
    ],
)
def test_a_malformed_row_is_a_fault(format_name: str, fields: dict[str, object], reason: str, words: str) -> None:
    with pytest.raises(Fault) as caught:
        FORMATS[format_name].parse(fields)
    assert caught.value.reason == reason
    assert words in caught.value.detail


def test_a_found_value_is_shown_in_short() -> None:
    with pytest.raises(Fault) as caught:
        parse_alpaca({**ALPACA, "output": list(range(10_000))})
    assert len(caught.value.detail) < 200


def test_the_seed_set_starts_with_every_category_in_turn() -> None:
    first = [origin for origin, _ in read_seed_lines()][:9]
    assert len({origin.partition(":")[0] for origin in first}) == 9
    assert all(origin.endswith(":1") for origin in first)
