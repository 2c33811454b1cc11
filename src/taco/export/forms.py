"""The forms that a run can be exported to: what each is, its number formats, and who writes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from taco.errors import PublishError
from taco.export import adapter, axolotl, ctranslate2, gguf, llama_factory, merged, ollama
from taco.export.job import Job
from taco.publish.model.card import Holding
from taco.registry import suggest

_GGUF = ("f16", "f32", "bf16", "q8_0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One form.

    Attributes:
        about: What it is for.
        write: Writes it into `Job.out`.
        weights: Number formats, the first one by default; empty for a form without weights.
        version: Raised whenever equal inputs give other files than before.
        holds: What the files are of.
    """

    about: str
    write: Callable[[Job], None]
    weights: tuple[str, ...] = ()
    version: int = 1
    holds: Holding = "tuned"


FORMS: Mapping[str, Form] = {
    "adapter": Form(about="the LoRA adapter in PEFT's form, with the tokenizer", write=adapter.write),
    "merged": Form(
        about="base and adapter in one model folder, for transformers, vLLM and others",
        write=merged.write,
        weights=("fp16", "fp32", "bf16"),
    ),
    "gguf": Form(about="base and adapter in one GGUF file, for llama.cpp", write=gguf.write_merged, weights=_GGUF),
    "gguf-base": Form(about="the base model alone as GGUF", write=gguf.write_base, weights=_GGUF, holds="base"),
    "gguf-lora": Form(
        about="the adapter alone as GGUF, for a base that is GGUF already",
        write=gguf.write_adapter,
        weights=("f32", "f16"),
    ),
    "ctranslate2": Form(
        about="base and adapter in CTranslate2's form, 8 bits by default",
        write=ctranslate2.write,
        weights=("int8", "int8_float32", "float32", "float16", "bfloat16"),
    ),
    "ollama": Form(about="a GGUF file and the Modelfile to it, for Ollama", write=ollama.write, weights=_GGUF),
    "llama-factory": Form(
        about="the rows and a configuration, to train with LLaMA-Factory",
        write=llama_factory.write,
        version=3,
        holds="rows",
    ),
    "axolotl": Form(
        about="the rows and a configuration, to train with axolotl", write=axolotl.write, version=3, holds="rows"
    ),
}
"""Name -> form, in the order in which they are listed."""


def find_form(name: str) -> Form:
    """Return the form of that name.

    Raises:
        PublishError: There is none.
    """
    if name not in FORMS:
        raise PublishError(
            f"There is no export form {name!r}{suggest(name, FORMS)}", hint=f"Known: {', '.join(FORMS)}."
        )
    return FORMS[name]


def choose_weights(name: str, wanted: str | None) -> str:
    """Return the number format of an export.

    Raises:
        PublishError: The form does not have the one that is wanted.

    >>> choose_weights("gguf", None), choose_weights("axolotl", None)
    ('f16', '')
    """
    known = find_form(name).weights
    if wanted is None:
        return known[0] if known else ""
    if wanted not in known:
        raise PublishError(
            f"The form {name} has no number format {wanted!r}.",
            hint=f"Known: {', '.join(known)}." if known else "It holds no weights: leave --weights out.",
        )
    return wanted
