r"""`--to ollama`: a GGUF file and a Modelfile whose template gives the very prompts of training.

Ollama does not read Jinja. Its template is found by rendering the model's chat template with marks for the messages and
cutting the text at the marks:

    with a system message      A + system + B + prompt + C
    without one                A'         +     prompt + C
    after the answer           D

Of several turns Ollama renders each with this template. Where a model puts a token before every text by itself
(`add_bos_token`), that token is left out of the template, or it would be there twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from taco.chain.formats import find_format
from taco.errors import PublishError
from taco.export.gguf import write_model
from taco.export.job import Job, merge
from taco.model.chat_form import render_prompt
from taco.model.prompt import end_token_id
from taco.store.files import write_atomically

_SYSTEM, _PROMPT, _RESPONSE = "xyzzy-system-4711", "xyzzy-prompt-4711", "xyzzy-response-4711"
"""Texts that no chat template holds."""

_CONTEXT = 4096
"""Tokens that Ollama keeps room for, unless the model has fewer. Its own default would cut chains off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """The text around the messages of a turn.

    Attributes:
        first: Before a system message.
        between: From there to the prompt.
        bare: Before the prompt, where there is no system message.
        after: From the prompt to where the answer begins.
        end: After the answer.
    """

    first: str
    between: str
    bare: str
    after: str
    end: str

    def render(self, system: str, prompt: str) -> str:
        """Return what Ollama makes of the template before the first answer."""
        head = f"{self.first}{system}{self.between}" if system else self.bare
        return f"{head}{prompt}{self.after}"


def write(job: Job) -> None:
    """Write the GGUF file and the Modelfile."""
    from transformers import AutoConfig, AutoTokenizer

    folder = merge(job)
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    context = getattr(AutoConfig.from_pretrained(folder, local_files_only=True), "max_position_embeddings", None)
    text = render_modelfile(
        tokenizer,
        gguf="",
        system=find_system(job),
        max_new_tokens=job.run.recipe.generate.max_new_tokens,
        context=context,
    )
    model = write_model(job, adapter=True)
    text = text.replace("FROM ./\n", f"FROM ./{model.name}\n", 1)
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
        "stop": f'"{end}"',
    }
    lines = [f"FROM ./{gguf}", f'TEMPLATE """{render_template(find_turn(tokenizer))}"""']
    if system:
        lines.append(f'SYSTEM """{_check_quotable(system)}"""')
    return "\n".join([*lines, *(f"PARAMETER {name} {value}" for name, value in settings.items())]) + "\n"


def render_template(turn: Turn) -> str:
    """Return the template, in the language of Go's text/template.

    >>> print(render_template(Turn(first="<s>", between="|", bare="<b>", after=">", end="</e>")))
    {{ if .System }}<s>{{ .System }}|{{ else }}<b>{{ end }}{{ .Prompt }}>{{ .Response }}</e>
    """
    for text in (turn.first, turn.between, turn.bare, turn.after, turn.end):
        _check_quotable(text)
    head = f"{{{{ if .System }}}}{turn.first}{{{{ .System }}}}{turn.between}{{{{ else }}}}{turn.bare}{{{{ end }}}}"
    return f"{head}{{{{ .Prompt }}}}{turn.after}{{{{ .Response }}}}{turn.end}"


def find_turn(tokenizer: Any) -> Turn:
    """Find the text around the messages in a chat template.

    Args:
        tokenizer: The model's tokenizer, with a completed chat template.

    Raises:
        PublishError: The template changes the messages, or ends otherwise without a system message.
    """
    full = render_prompt(tokenizer, system=_SYSTEM, prompt=_PROMPT)
    plain = render_prompt(tokenizer, system="", prompt=_PROMPT)
    messages = [{"role": "user", "content": _PROMPT}, {"role": "assistant", "content": _RESPONSE}]
    answered = str(tokenizer.apply_chat_template(messages, tokenize=False))
    first, has_system, rest = full.partition(_SYSTEM)
    between, has_prompt, after = rest.partition(_PROMPT)
    bare, _, plain_after = plain.partition(_PROMPT)
    _, has_response, end = answered.partition(_RESPONSE)
    if not (has_system and has_prompt and has_response) or plain_after != after:
        raise PublishError(
            "The base model's chat template changes the messages, so Ollama cannot be given the same prompts.",
            hint="Export to gguf: llama.cpp's own server reads the chat template itself.",
        )
    first, bare = (_leave_out_first_token(tokenizer, text) for text in (first, bare))
    return Turn(first=first, between=between, bare=bare, after=after, end=end)


def _leave_out_first_token(tokenizer: Any, text: str) -> str:
    ids = tokenizer("a")["input_ids"]
    puts_first = bool(ids) and ids[0] == tokenizer.bos_token_id
    return text.removeprefix(tokenizer.bos_token) if puts_first else text


def _check_quotable(text: str) -> str:
    for mark in ("{{", "}}", '"""'):
        if mark in text:
            raise PublishError(
                f"A Modelfile cannot hold {mark}, which the chat template or the system message has.",
                hint="Export to gguf: llama.cpp's own server reads the chat template itself.",
            )
    return text


def find_system(job: Job) -> str:
    """Return the system message that a run's model was tuned with; of a format of several parts, the first part's."""
    template = find_format(job.run.recipe.chain.template).templates[0]
    return template.system(job.run.recipe.target)
