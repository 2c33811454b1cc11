"""The embedded base in llama.cpp, CTranslate2 and transformers: prompts and first tokens, with the real tokenizer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from taco.export.parity import Question, compare
from taco.export.speakers import open_reference
from taco.generate.converted import prepare_gguf
from taco.generate.llama_server import LlamaServer
from taco.model.base import resolve_base
from taco.model.embedded import find_embedded
from taco.model.options import ModelOptions
from taco.progress import SilentProgress
from taco.store.cache import cache_folder

QUESTIONS = (
    Question(system="Translate.", prompt="Cales son as cores da bandeira?\n\n1. 2024\n2. 13.5"),
    Question(system="", prompt="नेपालको राजधानी कहाँ छ?"),
    Question(system="Answer briefly.", prompt="پایتخت ایران کجاست؟"),
    Question(system="S", prompt="print('hello')\n\n\n\tx = 1234567890"),
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LlamaServer]:
    pytest.importorskip("xllamacpp", reason="needs the extra [llamacpp]")
    if find_embedded(cache_folder()) is None:
        pytest.skip("the embedded base is not on this machine")
    base = resolve_base(ModelOptions(), cache=cache_folder(), progress=SilentProgress())
    file = prepare_gguf(base, None, weights="f32", cache=tmp_path_factory.mktemp("cache"))
    started = LlamaServer(file, context=1024, threads=1)
    yield started
    started.close()


@pytest.mark.slow
@pytest.mark.embedded
def test_llama_cpp_asks_and_answers_as_transformers_does(server: LlamaServer) -> None:
    base = resolve_base(ModelOptions(), cache=cache_folder(), progress=SilentProgress())
    reference = open_reference(base, None)
    wanted, found = [], []
    for question in QUESTIONS:
        ids = reference.encode(question)
        wanted.append((ids, reference.say(ids, limit=20)))
        messages = [{"role": "system", "content": question.system}] if question.system else []
        text = server.render([*messages, {"role": "user", "content": question.prompt}])
        found.append((server.encode(text), list(server.stream(ids, limit=20))))
    parity = compare(wanted, found, form="gguf", weights="f32", engine="llama.cpp")
    assert (parity.same_ids, parity.same_text) == (4, 4)
