"""What the model is asked, out of a request's messages and settings."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from taco.chain.template import Template
from taco.errors import DataError
from taco.generate.session import Sampling
from taco.languages.table import Language
from taco.records import Chain
from taco.serve.protocol import Generating, Message


def find_question(messages: Sequence[Message]) -> str:
    """Return the last thing that a user said."""
    return next((message.text for message in reversed(messages) if message.role == "user"), "")


def build_system(messages: Sequence[Message], template: Template, language: Language) -> str:
    """Put a client's system messages behind the one that the adapter learnt with."""
    own = [message.text for message in messages if message.role in ("system", "developer")]
    return "\n\n".join(text for text in (template.system(language), *own) if text.strip())


def build_turns(messages: Sequence[Message], template: Template, language: Language) -> list[tuple[str, str]]:
    """Return what was said, earlier answers with their English sections where the client sent them along."""
    return [
        (message.role, _render_turn(message, template, language))
        for message in messages
        if message.role in ("user", "assistant")
    ]


def _render_turn(message: Message, template: Template, language: Language) -> str:
    """Write an earlier answer down as the whole chain where the client sent its English sections along."""
    if message.role == "user" or message.taco is None:
        return message.text
    texts = message.taco.model_dump() | {"response": message.text}
    kept = {name: texts[name] if name in template.section_names else "" for name in texts}
    try:
        return template.render(Chain(**kept), language)
    except DataError:
        return message.text


def choose_sampling(request: Generating) -> Sampling:
    """Return how a request wants tokens chosen."""
    seed = request.seed if request.seed is not None else secrets.randbits(31)
    return Sampling(
        temperature=request.temperature or 0.0,
        top_p=1.0 if request.top_p is None else request.top_p,
        seed=seed % 2**63,
    )
