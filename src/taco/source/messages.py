"""Conversations: OpenAI's `messages` (role, content) and ShareGPT's `conversations` (from, value).

A conversation gives one row: its first user turn and the assistant's turn right after it. Turns beyond that pair are
left out, because an instruction that leans on earlier turns cannot stand alone, and counted. A system message goes
before the instruction, with an empty line between, because the response may depend on it ("You are a pirate"); the
everyday ones in `EMPTY_SYSTEMS` say nothing and are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from taco.source.draft import Draft, Fault, show_value, take_field, take_objects, take_text

ROLES = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "model": "assistant",
}
"""Name of a speaker, as found in either form -> role."""

EMPTY_SYSTEMS = ("", "you are a helpful assistant", "you are a helpful assistant.")
"""System messages, case folded, that no response depends on."""


@dataclass(frozen=True, slots=True)
class _Turn:
    role: str
    text: str


def is_messages(fields: Mapping[str, object]) -> bool:
    """Whether an object looks like a conversation."""
    return "messages" in fields or "conversations" in fields


def parse_messages(fields: Mapping[str, object]) -> list[Draft]:
    """Read one conversation as one row.

    Raises:
        Fault: A turn cannot be read, or there is no user turn that an assistant turn follows.
    """
    turns = _read_turns(fields)
    systems = [turn.text.strip() for turn in turns if turn.role == "system"]
    spoken = [turn for turn in turns if turn.role != "system"]
    start = next((place for place, turn in enumerate(spoken) if turn.role == "user"), None)
    if start is None:
        raise Fault("no-pair", "the conversation has no user turn")
    pair = spoken[start : start + 2]
    if len(pair) < 2 or pair[1].role != "assistant":
        found = f"a turn of the {pair[1].role}" if len(pair) > 1 else "nothing"
        raise Fault("no-pair", f"after the first user turn comes {found}; expected a turn of the assistant")
    before = [text for text in systems if text.casefold() not in EMPTY_SYSTEMS]
    draft = Draft(
        instruction="\n\n".join([*before, pair[0].text]) if pair[0].text.strip() else "",
        input="",
        response=pair[1].text,
        unused_turns=len(spoken) - 2,
    )
    return [draft]


def _read_turns(fields: Mapping[str, object]) -> list[_Turn]:
    if "messages" in fields:
        return [_read_turn(turn, f"messages[{n}].", "role", "content") for n, turn in _number(fields, "messages")]
    return [_read_turn(turn, f"conversations[{n}].", "from", "value") for n, turn in _number(fields, "conversations")]


def _number(fields: Mapping[str, object], name: str) -> list[tuple[int, Mapping[str, object]]]:
    return list(enumerate(take_objects(fields, name)))


def _read_turn(turn: Mapping[str, object], where: str, speaker: str, content: str) -> _Turn:
    name = take_text(turn, speaker, where=where)
    role = ROLES.get(name.strip().casefold())
    if role is None:
        raise Fault("unknown-role", f"{where}{speaker} is {name!r}; expected one of {', '.join(sorted(ROLES))}")
    return _Turn(role, _join_parts(take_field(turn, content, where=where), where + content))


def _join_parts(content: object, where: str) -> str:
    """Return a turn's text; OpenAI's form may give it as a list of parts, of which only text is understood."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise Fault("wrong-type", f"field {where!r} holds {show_value(content)}; expected text")
    texts = []
    for part in content:
        text = part.get("text") if isinstance(part, dict) and part.get("type") == "text" else None
        if not isinstance(text, str):
            raise Fault("wrong-type", f"field {where!r} holds the part {show_value(part)}; expected text parts only")
        texts.append(text)
    return "\n".join(texts)
