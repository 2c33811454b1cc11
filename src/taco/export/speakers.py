"""The models that a parity check asks: transformers, llama.cpp and CTranslate2, each by its own means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from taco.errors import ModelError, PublishError
from taco.export.ollama import read_prompt
from taco.export.parity import Question, Speaker
from taco.export.tuned_run import TunedRun
from taco.generate.adapter import load_tuned
from taco.generate.ctranslate2 import Generator
from taco.generate.llama_server import LlamaServer
from taco.generate.merged import find_ends
from taco.generate.streamed import read_ends
from taco.model.base import Base
from taco.model.chat_form import render_prompt
from taco.model.load import load_model, load_tokenizer
from taco.model.prompt import encode_prompt

_CONTEXT = 4096
_THREADS = 1


def open_reference(base: Base, adapter: Path | None) -> Speaker:
    """Open the model that a run's scores are of."""
    model = load_model(base, dtype="fp32") if adapter is None else load_tuned(base, adapter, dtype="fp32")
    return _Transformers("transformers", load_tokenizer(base), model)


def open_speaker(folder: Path, seal: Mapping[str, Any], *, base: Base, run: TunedRun, cache: Path) -> Speaker:
    """Open an export.

    Raises:
        PublishError: It is no export, or one without a model.
        ModelError: The model cannot be loaded.
    """
    form = seal.get("form")
    files = [folder / name for name in seal.get("files", {}) if name.endswith(".gguf")]
    if form == "merged":
        exported = Base(name=str(seal["run"]), path=folder, digest="", licence="")
        return _Transformers(
            "transformers, exported", load_tokenizer(exported), load_model(exported), own_template=True
        )
    if form == "ctranslate2":
        return _Ct2(folder)
    if form in ("gguf", "gguf-base") and files:
        return _LlamaCpp(LlamaServer(files[0], context=_CONTEXT, threads=_THREADS))
    if form == "gguf-lora" and files:
        from taco.generate.converted import prepare_gguf

        whole = prepare_gguf(base, None, weights="f32", cache=cache)
        return _LlamaCpp(LlamaServer(whole, adapters=[files[0]], context=_CONTEXT, threads=_THREADS))
    if form == "ollama" and files:
        server = LlamaServer(files[0], context=_CONTEXT, threads=_THREADS)
        return _LlamaCpp(server, modelfile=(folder / "Modelfile").read_text(encoding="utf-8"))
    raise PublishError(
        f"{folder} holds no model that can be asked.", hint="Check merged, gguf, gguf-lora, ctranslate2 or ollama."
    )


class _Transformers:
    """A model folder; prompts by its own chat template, or by taco's function."""

    def __init__(self, name: str, tokenizer: Any, model: Any, *, own_template: bool = False) -> None:
        self.name, self._tokenizer, self._model, self._own_template = name, tokenizer, model, own_template
        self._ends = sorted(find_ends(tokenizer, model))

    def encode(self, question: Question) -> list[int]:
        if not self._own_template:
            return encode_prompt(self._tokenizer, system=question.system, prompt=question.prompt)
        text = render_prompt(self._tokenizer, system=question.system, prompt=question.prompt)
        return [int(token) for token in self._tokenizer(text, add_special_tokens=False)["input_ids"]]

    def say(self, ids: Sequence[int], *, limit: int) -> list[int]:
        from taco.generate.decode import decode_batch

        rows = decode_batch(
            self._model, [list(ids)], limits=[limit], ends=self._ends, guard=None, on_tokens=lambda tokens: None
        )
        return next(iter(rows)).tokens

    def close(self) -> None:
        self._model = None


class _LlamaCpp:
    """A GGUF file; prompts by the server's chat endpoint, or by Ollama's template."""

    def __init__(self, server: LlamaServer, *, modelfile: str = "") -> None:
        self.name = "llama.cpp" if not modelfile else "llama.cpp with Ollama's template"
        self._server, self._modelfile = server, modelfile

    def encode(self, question: Question) -> list[int]:
        if self._modelfile:
            text = read_prompt(self._modelfile, system=question.system, prompt=question.prompt)
            return self._server.encode(text)
        messages = [{"role": "system", "content": question.system}] if question.system else []
        return self._server.encode(self._server.render([*messages, {"role": "user", "content": question.prompt}]))

    def say(self, ids: Sequence[int], *, limit: int) -> list[int]:
        return list(self._server.stream(ids, limit=limit))

    def close(self) -> None:
        self._server.close()


class _Ct2:
    """A folder of CTranslate2; prompts by the chat template beside it."""

    name = "ctranslate2"

    def __init__(self, folder: Path) -> None:
        from transformers import AutoTokenizer

        try:
            self._tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        except (OSError, ValueError) as error:
            raise ModelError(f"The tokenizer in {folder} cannot be loaded: {error}.") from error
        ends = sorted(read_ends(folder, self._tokenizer))
        self._generator = Generator(folder, tokenizer=self._tokenizer, ends=ends, threads=_THREADS)

    def encode(self, question: Question) -> list[int]:
        text = render_prompt(self._tokenizer, system=question.system, prompt=question.prompt)
        return [int(token) for token in self._tokenizer(text, add_special_tokens=False)["input_ids"]]

    def say(self, ids: Sequence[int], *, limit: int) -> list[int]:
        return list(self._generator.stream(ids, limit=limit))

    def close(self) -> None:
        self._generator.close()
