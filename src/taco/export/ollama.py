r"""`--to ollama`: a GGUF file and a Modelfile whose template gives the very prompts of training.

Ollama does not read Jinja. Its template is found by rendering the model's chat template with marks for the messages and
cutting the text at the marks:

    with a system message      FIRST + system + BETWEEN + prompt + AFTER
    without one                BARE           +           prompt + AFTER
    a later turn               END + LATER    +           prompt + AFTER

Where a model puts a token before every text by itself (`add_bos_token`), that token is left out of the template, or it
would be there twice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from taco.chain.formats import find_format
from taco.errors import PublishError
from taco.export.gguf import merge_for_llama_cpp, name_model, write_model
from taco.export.job import Job
from taco.model.chat_form import render_prompt
from taco.model.prompt import end_token_id
from taco.store.files import write_atomically

_SYSTEM, _PROMPT, _RESPONSE = "xyzzy-system-4711", "xyzzy-prompt-4711", "xyzzy-response-4711"
"""Texts that no chat template holds."""

_GGUF = "Export to gguf: llama.cpp's own server reads the chat template itself."

_WRITTEN = re.compile(
    r'TEMPLATE """\{\{ if \.System \}\}(?P<first>.*?)\{\{ \.System \}\}(?P<with>.*?)\{\{ else \}\}(?P<without>.*?)'
    r"\{\{ end \}\}(?:\{\{ range \.Messages \}\}\{\{ if eq \.Role \"user\" \}\}(?P<later>.*?)\{\{ \.Content \}\}"
    r"(?P<after>.*?)\{\{ else if|\{\{ \.Prompt \}\}(?P<only>.*?)\{\{ \.Response)",
    re.DOTALL,
)
"""The two forms of `render_template`, inside a Modelfile."""

_CONTEXT = 4096
"""Tokens that Ollama keeps room for, unless the model has fewer. Its own default would cut chains off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """The text around the messages.

    Attributes:
        first: Before a system message.
        between: From there to the first prompt.
        bare: Before the first prompt, where there is no system message.
        after: From a prompt to where the answer begins.
        end: After an answer.
        later: Before the prompt of a later turn.
    """

    first: str
    between: str
    bare: str
    after: str
    end: str
    later: str


def write(job: Job) -> None:
    """Write the GGUF file and the Modelfile."""
    from transformers import AutoConfig, AutoTokenizer

    folder = merge_for_llama_cpp(job, adapter=True)
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    text = render_modelfile(
        tokenizer,
        gguf=name_model(job, adapter=True),
        system=find_system(job),
        max_new_tokens=job.run.recipe.generate.max_new_tokens,
        context=getattr(config, "max_position_embeddings", None),
    )
    write_model(job, adapter=True)
    write_atomically(job.out / "Modelfile", [text.encode()])


def render_modelfile(tokenizer: Any, *, gguf: str, system: str, max_new_tokens: int, context: int | None) -> str:
    """Return a Modelfile.

    Args:
        tokenizer: The model's tokenizer, with a completed chat template.
        gguf: Name of the model's file.
        system: The system message that the model was tuned with.
        max_new_tokens: Tokens of an answer at most.
        context: Tokens that the model can hold; None where it does not say.

    Raises:
        PublishError: The chat template cannot be written as one of Ollama.
    """
    end = tokenizer.convert_ids_to_tokens(end_token_id(tokenizer))
    settings = {
        "temperature": "0",
        "repeat_penalty": "1.0",
        "num_ctx": str(min(context or _CONTEXT, _CONTEXT)),
        "num_predict": str(max_new_tokens),
        "stop": f'"{_check_quotable(end)}"',
    }
    lines = [f"FROM ./{gguf}", f'TEMPLATE """{render_template(find_turn(tokenizer))}"""']
    if system:
        lines.append(f'SYSTEM """{_check_quotable(system)}"""')
    return "\n".join([*lines, *(f"PARAMETER {name} {value}" for name, value in settings.items())]) + "\n"


def render_template(turn: Turn) -> str:
    """Return the template, in the language of Go's text/template.

    Where the text before a prompt is the same in every turn, what a system message adds stands in front of all turns.
    Otherwise each turn is rendered alone, which is right where later ones look like a first one without a system message.

    Raises:
        PublishError: Neither is so, or a text cannot be quoted.

    >>> print(render_template(Turn(first="<s>", between="|", bare="<b>", after=">", end="</e>", later="<b>")))
    {{ if .System }}<s>{{ .System }}|{{ else }}<b>{{ end }}{{ .Prompt }}>{{ .Response }}</e>
    """
    for text in (turn.first, turn.between, turn.bare, turn.after, turn.end, turn.later):
        _check_quotable(text)
        if text.endswith("{"):  # with the braces of what follows it would begin an action one brace too early
            raise PublishError("A Modelfile's template cannot hold { before a message.", hint=_GGUF)
    opening = f"{{{{ if .System }}}}{turn.first}{{{{ .System }}}}"
    if turn.later and turn.between.endswith(turn.later) and turn.bare.endswith(turn.later):
        with_system, without = turn.between.removesuffix(turn.later), turn.bare.removesuffix(turn.later)
        user = f'{{{{ if eq .Role "user" }}}}{turn.later}{{{{ .Content }}}}{turn.after}'
        assistant = f'{{{{ else if eq .Role "assistant" }}}}{{{{ .Content }}}}{turn.end}'
        turns = f"{{{{ range .Messages }}}}{user}{assistant}{{{{ end }}}}{{{{ end }}}}"
        return f"{opening}{with_system}{{{{ else }}}}{without}{{{{ end }}}}{turns}"
    if turn.later == turn.bare:
        return (
            f"{opening}{turn.between}{{{{ else }}}}{turn.bare}{{{{ end }}}}"
            f"{{{{ .Prompt }}}}{turn.after}{{{{ .Response }}}}{turn.end}"
        )
    raise PublishError(
        "The base model's chat template begins later turns in a way that Ollama cannot be told.", hint=_GGUF
    )


def read_prompt(modelfile: str, *, system: str, prompt: str) -> str:
    """Return what Ollama makes of a Modelfile that taco wrote for a first question; for checking it.

    Raises:
        PublishError: The Modelfile is not of this form.
    """
    found = _WRITTEN.search(modelfile)
    if not found:
        raise PublishError("The Modelfile holds no template that taco wrote.", hint="Export it again.")
    head = f"{found['first']}{system}{found['with']}" if system else found["without"]
    later, after = found["later"] or "", found["after"] if found["after"] is not None else found["only"]
    return f"{head}{later}{prompt}{after}"


def find_turn(tokenizer: Any) -> Turn:
    """Find the text around the messages in a chat template.

    Args:
        tokenizer: The model's tokenizer, with a completed chat template.

    Raises:
        PublishError: The template changes the messages, or ends otherwise without a system message.
    """
    full = render_prompt(tokenizer, system=_SYSTEM, prompt=_PROMPT)
    plain = render_prompt(tokenizer, system="", prompt=_PROMPT)
    first, has_system, rest = full.partition(_SYSTEM)
    between, has_prompt, after = rest.partition(_PROMPT)
    bare, _, plain_after = plain.partition(_PROMPT)
    if not (has_system and has_prompt) or plain_after != after:
        raise PublishError(
            "The base model's chat template changes the messages, so Ollama cannot be given the same prompts.",
            hint=_GGUF,
        )
    end, later = _find_later(tokenizer)
    first, bare = (_leave_out_first_token(tokenizer, text) for text in (first, bare))
    return Turn(first=first, between=between, bare=bare, after=after, end=end, later=later)


def _find_later(tokenizer: Any) -> tuple[str, str]:
    """Return what comes after an answer, and from there to the next prompt."""
    messages = [{"role": "user", "content": _PROMPT}, {"role": "assistant", "content": _RESPONSE}]
    end = str(tokenizer.apply_chat_template(messages, tokenize=False)).partition(_RESPONSE)[2]
    messages.append({"role": "user", "content": _PROMPT})
    rest = str(tokenizer.apply_chat_template(messages, tokenize=False)).partition(_RESPONSE)[2]
    return end, rest.partition(_PROMPT)[0].removeprefix(end)


def _leave_out_first_token(tokenizer: Any, text: str) -> str:
    ids = tokenizer("a")["input_ids"]
    puts_first = bool(ids) and ids[0] == tokenizer.bos_token_id
    return text.removeprefix(tokenizer.bos_token) if puts_first else text


def _check_quotable(text: str) -> str:
    """Return a text that a Modelfile gives back as it is: its reader knows no escapes, and drops what is not seen.

    Raises:
        PublishError: It would not.
    """
    unseen = sorted({sign for sign in text if not sign.isprintable()} - {"\n", "\t"})
    if unseen:
        raise PublishError(
            f"Ollama drops the character U+{ord(unseen[0]):04X}, which the chat template or the system message has.",
            hint=_GGUF,
        )
    for mark in ("{{", "}}", '"""'):
        if mark in text:
            raise PublishError(
                f"A Modelfile cannot hold {mark}, which the chat template or the system message has.",
                hint=_GGUF,
            )
    return text


def find_system(job: Job) -> str:
    """Return the system message that a run's model was tuned with; of a format of several parts, the first part's."""
    template = find_format(job.run.recipe.chain.template).templates[0]
    return template.system(job.run.recipe.target)
