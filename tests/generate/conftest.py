"""Fixtures of the generation tests."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from jumbled_adapter import save_jumble
from sentencepiece_base import save_sentencepiece_base
from taco.chain.formats import find_template
from taco.generate.backend import Prompt
from taco.languages.table import find_language
from taco.records import Chain, Example
from taco.store.jsonl import write_records

GALICIAN = find_language("gl")
QUESTIONS = (
    "Hello",
    "O ceo é azul",
    "Cales son as cores da bandeira? Escribe unha lista de tres.",
    "print('hello')",
    "नेपालको राजधानी कहाँ छ?",
    "1 2 3 4 5 6 7 8 9 10",
)


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Let torch use one thread: for models as tiny as these more threads only wait for each other."""
    if importlib.util.find_spec("torch") is None:
        yield
        return
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def spm_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a tiny base that llama.cpp can convert."""
    return save_sentencepiece_base(tmp_path_factory.mktemp("spm") / "base")


@pytest.fixture(scope="session")
def spm_adapter(spm_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an adapter for `spm_base`, as `tiny_adapter`."""
    return save_jumble(spm_base, tmp_path_factory.mktemp("spm-adapter"))


@pytest.fixture(scope="session")
def ask() -> Callable[[Sequence[str]], list[Prompt]]:
    """Return a function that makes prompts of texts, with the ids "0", "1" and so on."""

    def make(texts: Sequence[str]) -> list[Prompt]:
        return [
            Prompt(id=str(number), system="Answer.", text=text, template="taco", language=GALICIAN)
            for number, text in enumerate(texts)
        ]

    return make


@pytest.fixture
def chain_folder(tmp_path: Path) -> Path:
    """Return a folder with a heldout.jsonl of `QUESTIONS`, whose ids are not in alphabetical order."""
    template = find_template("taco")
    examples = []
    for number, question in enumerate(QUESTIONS):
        chain = Chain(instruction_en="Say it.", response_en="It.", response="Iso.")
        examples.append(
            Example(
                id=f"{(number * 7) % 10}{number:015x}",
                language="gl",
                category="generic",
                template="taco",
                system=template.system(GALICIAN),
                prompt=question,
                completion=template.render(chain, GALICIAN),
                chain=chain,
            )
        )
    write_records(tmp_path / "chain" / "heldout.jsonl", examples)
    return tmp_path / "chain"
