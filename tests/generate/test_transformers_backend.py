"""The transformers backend: prompts in, texts out, with the adapter or without."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="needs the extra [train]")

from taco.errors import ModelError
from taco.generate.backend import Generation, Limits, Prompt, Refusal, Setup
from taco.generate.options import TransformersOptions
from taco.generate.transformers import TransformersBackend, cut_restart
from taco.languages.table import find_language
from taco.model.options import ModelOptions
from taco.progress import SilentProgress

TEXTS = ("Hello", "O ceo é azul", "Cales son as cores da bandeira? Escribe unha lista de tres.", "print('hello')", "?")


def open_backend(base: Path, cache: Path, adapter: Path | None = None, **options: Any) -> TransformersBackend:
    setup = Setup(model=ModelOptions(base=str(base)), adapter=adapter, cache=cache, progress=SilentProgress())
    return TransformersBackend(TransformersOptions(**options), setup=setup)


def answer(
    backend: TransformersBackend, prompts: Sequence[Any], arm: str, *, tokens: int = 32, guard: bool = False
) -> dict[str, Generation]:
    limits = Limits(max_new_tokens=tokens, loop_guard=guard)
    found = list(backend.generate(prompts, arm=arm, limits=limits, on_tokens=lambda count: None))
    assert sorted(one.id for one in found) == sorted(prompt.id for prompt in prompts)
    return {one.id: one for one in found if isinstance(one, Generation)}


def texts(answers: dict[str, Generation]) -> dict[str, str]:
    return {key: one.text for key, one in answers.items()}


@pytest.fixture(scope="module")
def backend(tiny_base: Path, tiny_adapter: Path, tmp_path_factory: pytest.TempPathFactory) -> TransformersBackend:
    return open_backend(tiny_base, tmp_path_factory.mktemp("cache"), tiny_adapter)


def test_the_size_of_the_batch_does_not_change_the_text(
    backend: TransformersBackend, tiny_base: Path, tiny_adapter: Path, tmp_path: Path, ask: Callable
) -> None:
    expected = texts(answer(backend, ask(TEXTS), "tuned"))
    assert len(set(expected.values())) == len(TEXTS)
    for size in (1, 2):
        small = open_backend(tiny_base, tmp_path, tiny_adapter, batch_size=size)
        assert texts(answer(small, ask(TEXTS), "tuned")) == expected


def test_the_adapter_makes_a_difference_and_can_be_left_out_again(
    backend: TransformersBackend, tiny_base: Path, tmp_path: Path, ask: Callable
) -> None:
    alone = texts(answer(open_backend(tiny_base, tmp_path), ask(TEXTS), "base"))
    tuned = texts(answer(backend, ask(TEXTS), "tuned"))
    assert all(tuned[key] != alone[key] for key in tuned)
    assert texts(answer(backend, ask(TEXTS), "base")) == alone
    assert texts(answer(backend, ask(TEXTS), "tuned")) == tuned


def test_the_merged_adapter_answers_as_peft_does(
    backend: TransformersBackend, tiny_base: Path, tiny_adapter: Path, ask: Callable
) -> None:
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from taco.model.libraries import quiet_libraries
    from taco.model.prompt import encode_prompt

    tokenizer = AutoTokenizer.from_pretrained(tiny_base)
    with quiet_libraries():
        model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(tiny_base), tiny_adapter).eval()
    found = answer(backend, ask(TEXTS), "tuned")
    for prompt in ask(TEXTS):
        ids = torch.tensor([encode_prompt(tokenizer, system=prompt.system, prompt=prompt.text)])
        made = model.generate(input_ids=ids, attention_mask=ids.ne(-1), max_new_tokens=32, do_sample=False)
        expected = tokenizer.decode(made[0, ids.shape[1] :], clean_up_tokenization_spaces=False)
        assert found[prompt.id].text == expected.removesuffix("<|im_end|>")


def test_an_answer_goes_on_with_its_conversation_as_transformers_itself_does(
    backend: TransformersBackend, tiny_base: Path, tiny_adapter: Path, ask: Callable
) -> None:
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from taco.model.libraries import quiet_libraries

    tokenizer = AutoTokenizer.from_pretrained(tiny_base)
    with quiet_libraries():
        model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(tiny_base), tiny_adapter).eval()
    earlier = (("user", "De que cor é o ceo?"), ("assistant", "Azul."))
    (prompt,) = (replace(one, earlier=earlier) for one in ask(["E pola noite?"]))
    roles = [{"role": role, "content": text} for role, text in (("system", prompt.system), *earlier)]
    roles.append({"role": "user", "content": prompt.text})
    encoded = tokenizer.apply_chat_template(roles, add_generation_prompt=True, return_tensors="pt", return_dict=True)
    made = model.generate(**encoded, max_new_tokens=32, do_sample=False)
    expected = tokenizer.decode(made[0, encoded["input_ids"].shape[1] :], clean_up_tokenization_spaces=False)
    found = texts(answer(backend, [prompt], "tuned"))
    assert found == {"0": expected.removesuffix("<|im_end|>")}
    assert found != texts(answer(backend, ask(["E pola noite?"]), "tuned"))


def test_memory_bounds_the_batch(tiny_base: Path, tiny_adapter: Path, tmp_path: Path, ask: Callable) -> None:
    # 256 bytes a token: 16 MiB hold 65,536 tokens of a batch, so 40 rows of some 2,000 tokens do not fit.
    backend = open_backend(tiny_base, tmp_path, tiny_adapter, cache_mib=16)
    prompts = ask([f"question {number}" for number in range(40)])
    limits = Limits(max_new_tokens=2000, loop_guard=False)
    sizes: list[int] = []

    def stop_after_a_step(rows: int) -> None:
        sizes.append(rows)
        raise InterruptedError

    with pytest.raises(InterruptedError):
        next(backend.generate(prompts, arm="tuned", limits=limits, on_tokens=stop_after_a_step))
    assert sizes[0] * 2000 * 256 <= 16 * 2**20
    assert sizes[0] > 20


def test_an_answer_stops_at_the_end_token(
    backend: TransformersBackend, tiny_base: Path, tiny_adapter: Path, tmp_path: Path, ask: Callable
) -> None:
    from transformers import AutoTokenizer

    whole = answer(backend, ask(TEXTS[:1]), "tuned")["0"]
    tokens = AutoTokenizer.from_pretrained(tiny_base)(whole.text, add_special_tokens=False)["input_ids"]
    folder = shutil.copytree(tiny_base, tmp_path / "base")
    settings = json.loads((folder / "generation_config.json").read_text())
    (folder / "generation_config.json").write_text(json.dumps(settings | {"eos_token_id": [2, *tokens[3:]]}))
    stopped = answer(open_backend(folder, tmp_path / "cache", tiny_adapter), ask(TEXTS[:1]), "tuned")["0"]
    assert stopped.finish == "stop"
    assert whole.text.startswith(stopped.text)
    assert len(stopped.text) < len(whole.text)
    assert len(stopped.token_ends) == len(stopped.token_seconds) < 32
    assert stopped.token_ends[-1] == len(stopped.text)


def test_the_loop_guard_cuts_what_the_untuned_tiny_model_repeats(backend: TransformersBackend, ask: Callable) -> None:
    free = answer(backend, ask(TEXTS), "base", tokens=450)
    guarded = answer(backend, ask(TEXTS), "base", tokens=450, guard=True)
    assert {one.finish for one in guarded.values()} == {"loop"}
    for key, one in guarded.items():
        assert len(one.token_ends) < 450
        assert free[key].text.startswith(one.text)  # the text is as it was generated


def test_an_answer_that_begins_anew_is_ended_there_and_stays_counted() -> None:
    first = "Instruction in English:\na\n\nResponse in English:\nb\n\nResponse in Galician:\nc\n\n"
    text = first + "Response in Galician:\nc"
    prompt = Prompt(id="0", system="", text="Que?", template="taco", language=find_language("gl"))
    whole = Generation(
        id="0",
        text=text,
        finish="stop",
        token_ends=[10, len(first), len(first) + 9, len(text)],
        token_seconds=[1.0] * 4,
    )
    ended = cut_restart(whole, prompt)
    assert (ended.text, ended.finish) == (first, "label")
    assert list(ended.token_ends) == [10, len(first), len(first), len(first)]
    assert len(ended.token_seconds) == 4
    assert cut_restart(ended, prompt) is ended


def test_a_prompt_that_fills_the_context_is_refused(backend: TransformersBackend, ask: Callable) -> None:
    prompts = ask(["word " * 3000, "Hello"])
    limits = Limits(max_new_tokens=4, loop_guard=False)
    found = {one.id: one for one in backend.generate(prompts, arm="tuned", limits=limits, on_tokens=lambda n: None)}
    refusal = found["0"]
    assert isinstance(refusal, Refusal)
    assert refusal.reason == "prompt-too-long"
    assert "2048" in refusal.detail
    assert isinstance(found["1"], Generation)


def test_the_context_bounds_the_answer(backend: TransformersBackend, ask: Callable) -> None:
    (prompt,) = ask(["a " * 2000])
    from taco.model.prompt import encode_prompt

    length = len(encode_prompt(backend._tokenizer, system=prompt.system, prompt=prompt.text))
    found = answer(backend, [prompt], "tuned", tokens=5000)["0"]
    assert (len(found.token_ends), found.finish) == (2048 - length, "length")


def test_the_signature_names_what_decides_the_text(backend: TransformersBackend) -> None:
    for part in ("transformers ", "torch ", "peft ", "float32 on cpu", "greedy"):
        assert part in backend.signature


def test_a_damaged_adapter_is_named(tiny_base: Path, tiny_adapter: Path, tmp_path: Path, ask: Callable) -> None:
    folder = shutil.copytree(tiny_adapter, tmp_path / "adapter")
    weights = folder / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:100])
    backend = open_backend(tiny_base, tmp_path / "cache", folder)
    with pytest.raises(ModelError, match="damaged"):
        answer(backend, ask(TEXTS), "tuned")
    weights.unlink()
    with pytest.raises(ModelError, match="holds no adapter_model"):
        open_backend(tiny_base, tmp_path / "cache", folder)
