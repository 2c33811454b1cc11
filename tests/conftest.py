"""Fixtures that several test packages use."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from jumbled_adapter import save_jumble

settings.register_profile(  # a busy machine is no fault of the code
    "any-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any-machine")

END_OF_TURN = "<|im_end|>"
CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
TRAINING_TEXT = (
    "Translate the following instructions from Galician to English, formulate a response in English.",
    "Instruction in English:\nName a colour of the sky.\n\nResponse in English:\nThe sky is blue.\n\n",
    "Response in Galician:\nO ceo é azul.\n\nCales son as cores da bandeira? Escribe unha lista de tres.",
    "1. one\n2. two\n3. three\n- first item\n- second item\n```python\nprint('hello')\n```",
)


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a random Llama with 2 layers, loadable with `ModelOptions(base=str(tiny_base))`.

    Its byte-level tokenizer has a chat template in the ChatML form and reads and writes any text in any script.
    """
    torch = pytest.importorskip("torch", reason="needs the extra [train]")
    # Tests run side by side; threads of one would wait for cores that another holds.
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("tiny-base")
    tokenizer_size, end_token_id = _save_tokenizer(folder)
    _save_model(folder, vocabulary=tokenizer_size, end_token_id=end_token_id)
    return folder


@pytest.fixture(scope="session")
def tiny_adapter(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of an adapter for `tiny_base` with weights so large that its text is a jumble of tokens."""
    return save_jumble(tiny_base, tmp_path_factory.mktemp("tiny-adapter"))


def _save_tokenizer(folder: Path) -> tuple[int, int]:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=384,
        special_tokens=["<|endoftext|>", "<|im_start|>", END_OF_TURN],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    bpe.train_from_iterator(TRAINING_TEXT, trainer)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        bos_token="<|im_start|>",
        eos_token=END_OF_TURN,
        pad_token="<|endoftext|>",
        model_max_length=2048,
    )
    tokenizer.chat_template = CHAT_TEMPLATE
    tokenizer.save_pretrained(folder)
    return len(tokenizer), int(tokenizer.eos_token_id)


def _save_model(folder: Path, *, vocabulary: int, end_token_id: int) -> None:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=2048,
        tie_word_embeddings=True,
        bos_token_id=1,
        eos_token_id=end_token_id,
        pad_token_id=0,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        LlamaForCausalLM(config).save_pretrained(folder)
