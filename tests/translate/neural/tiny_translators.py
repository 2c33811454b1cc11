"""Tiny translation models of every family, made on the spot: random ones, and one that translates word for word."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ENGLISH_WORDS = [
    "the",
    "my",
    "red",
    "blue",
    "big",
    "old",
    "cat",
    "dog",
    "house",
    "tree",
    "sees",
    "likes",
    "has",
    "and",
    "one",
    "two",
    "three",
]
GALICIAN_WORDS = [
    "o",
    "meu",
    "vermello",
    "azul",
    "grande",
    "vello",
    "gato",
    "can",
    "casa",
    "árbore",
    "ve",
    "gusta",
    "ten",
    "e",
    "uno",
    "dous",
    "tres",
]
DICTIONARY = dict(zip(ENGLISH_WORDS, GALICIAN_WORDS, strict=True))
SIZES = {
    "d_model": 32,
    "encoder_layers": 1,
    "decoder_layers": 1,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 64,
    "decoder_ffn_dim": 64,
}
POSITIONS = 64


def translate_words(sentence: str) -> str:
    """What the model of `build_nllb` should say."""
    return " ".join(DICTIONARY[word.rstrip(".")] + "." * word.endswith(".") for word in sentence.split())


def make_sentences(count: int, *, seed: int = 1, longest: int = 5) -> list[str]:
    chance = random.Random(seed)
    return [" ".join(chance.sample(ENGLISH_WORDS, chance.randint(1, longest))) + "." for _ in range(count)]


def _texts() -> list[str]:
    sentences = make_sentences(300)
    return [*sentences, *map(translate_words, sentences), *ENGLISH_WORDS * 20, *GALICIAN_WORDS * 20]


def _train_pieces(path: Path, **options: Any) -> Any:
    import sentencepiece

    out = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(_texts()),
        model_writer=out,
        vocab_size=150,
        hard_vocab_limit=False,
        model_type="unigram",
        minloglevel=2,
        **options,
    )
    path.write_bytes(out.getvalue())
    return sentencepiece.SentencePieceProcessor(model_file=str(path))


def _list_pieces(pieces: Any) -> list[str]:
    return [pieces.id_to_piece(number) for number in range(pieces.get_piece_size())]


def _write(model: Any, folder: Path) -> None:
    from transformers.utils import logging

    logging.disable_progress_bar()
    model.eval().save_pretrained(folder)


def _save(model: Any, folder: Path, *, seed: int) -> None:
    """Save a model with weights that are large enough for its outputs to differ from text to text."""
    import torch

    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        for name, weight in model.named_parameters():
            if weight.dim() > 1 and "position" not in name:  # small embeddings: else each token would call for itself
                weight.copy_(torch.randn_like(weight) * (0.1 if "shared" in name or "embed" in name else 0.5))
    _write(model, folder)


def save_m2m(folder: Path, *, seed: int = 0) -> Path:
    from transformers import M2M100Config, M2M100ForConditionalGeneration, M2M100Tokenizer

    folder.mkdir(parents=True)
    pieces = _train_pieces(folder / "sentencepiece.bpe.model")
    tokens = ["<s>", "<pad>", "</s>", "<unk>", *_list_pieces(pieces)[3:]]
    (folder / "vocab.json").write_text(json.dumps({token: number for number, token in enumerate(tokens)}))
    tokenizer = M2M100Tokenizer(vocab_file=str(folder / "vocab.json"), spm_file=str(folder / "sentencepiece.bpe.model"))
    tokenizer.save_pretrained(folder)
    size = len(tokens) + len(tokenizer.lang_token_to_id) + tokenizer.num_madeup_words
    config = M2M100Config(vocab_size=size, max_position_embeddings=POSITIONS, **SIZES)
    _save(M2M100ForConditionalGeneration(config), folder, seed=seed)
    return folder


def save_nllb(folder: Path, *, seed: int = 0) -> Path:
    from transformers import M2M100Config, M2M100ForConditionalGeneration

    folder.mkdir(parents=True)
    size = _save_nllb_tokenizer(folder)
    config = M2M100Config(vocab_size=size, max_position_embeddings=POSITIONS, **SIZES)
    _save(M2M100ForConditionalGeneration(config), folder, seed=seed)
    return folder


def _save_nllb_tokenizer(folder: Path) -> int:
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    from transformers import NllbTokenizer

    bpe = Tokenizer(models.BPE(unk_token="<unk>"))
    bpe.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always", split=True)
    specials = ["<s>", "<pad>", "</s>", "<unk>"]
    words = [*ENGLISH_WORDS, *GALICIAN_WORDS] * 20  # each becomes one token, and the full stop its own
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=specials, initial_alphabet=list(".!?0123456789"), show_progress=False
    )
    bpe.train_from_iterator(words, trainer)
    learnt = json.loads(bpe.to_str())["model"]
    tokenizer = NllbTokenizer(vocab=learnt["vocab"], merges=[tuple(pair) for pair in learnt["merges"]])
    tokenizer.save_pretrained(folder)
    return len(tokenizer)


def save_marian(folder: Path, *, targets: Sequence[str] = ("glg", "spa"), seed: int = 0) -> Path:
    from transformers import MarianConfig, MarianMTModel

    folder.mkdir(parents=True)
    pieces = _train_pieces(folder / "source.spm")
    _train_pieces(folder / "target.spm")
    words = [piece for piece in _list_pieces(pieces) if piece not in ("<s>", "</s>", "<unk>")]
    tokens = ["</s>", "<unk>", *words, *(f">>{code}<<" for code in targets), "<pad>"]
    (folder / "vocab.json").write_text(json.dumps({token: number for number, token in enumerate(tokens)}))
    settings = {"source_lang": "en", "target_lang": "gl", "tokenizer_class": "MarianTokenizer"}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    pad = len(tokens) - 1
    config = MarianConfig(
        vocab_size=len(tokens),
        max_position_embeddings=POSITIONS,
        pad_token_id=pad,
        eos_token_id=0,
        decoder_start_token_id=pad,
        forced_eos_token_id=0,
        static_position_embeddings=True,
        activation_function="swish",
        **SIZES,
    )
    model = MarianMTModel(config)
    model.generation_config.bad_words_ids = [[pad]]
    _save(model, folder, seed=seed)
    return folder


def save_madlad(folder: Path, *, seed: int = 0) -> Path:
    from transformers import T5Config, T5ForConditionalGeneration, T5Tokenizer

    folder.mkdir(parents=True)
    marks = ["<2en>", "<2gl>", "<2es>", "<2zh>", "<2zh_Latn>"]
    ids = {"pad_id": 0, "eos_id": 1, "unk_id": 2, "bos_id": -1}
    pieces = _train_pieces(folder / "spiece.model", user_defined_symbols=marks, **ids)
    scores = [(piece, pieces.get_score(number)) for number, piece in enumerate(_list_pieces(pieces))]
    tokenizer = T5Tokenizer(vocab=scores, extra_ids=0, additional_special_tokens=marks)
    tokenizer.save_pretrained(folder)
    config = T5Config(
        vocab_size=len(scores),
        d_model=32,
        d_kv=16,
        d_ff=64,
        num_layers=1,
        num_decoder_layers=1,
        num_heads=2,
        feed_forward_proj="gated-gelu",
        tie_word_embeddings=False,
        decoder_start_token_id=0,
        pad_token_id=0,
        eos_token_id=1,
    )
    _save(T5ForConditionalGeneration(config), folder, seed=seed)
    return folder


def build_nllb(folder: Path) -> Path:
    """Save an NLLB whose weights are set by hand: it translates word for word, ends where its source ends, no more.

    Its one layer looks from each place at the same place of the source. To find that, queries and keys take the fast
    waves of the position's code alone; tokens live in the dimensions of the slow waves, which hardly change from place to
    place, and a least-squares map takes each English word's vector to the Galician one's.
    """
    import torch
    from transformers import AutoTokenizer, M2M100Config, M2M100ForConditionalGeneration

    folder.mkdir(parents=True)
    size = _save_nllb_tokenizer(folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    sizes = SIZES | {"d_model": 128, "encoder_attention_heads": 1, "decoder_attention_heads": 1}
    model = M2M100ForConditionalGeneration(
        M2M100Config(vocab_size=size, max_position_embeddings=POSITIONS, **sizes)
    ).eval()
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(0)
        is_fast = torch.arange(128) % 64 < 6
        embedding = model.model.shared.weight
        is_still = (
            torch.arange(128) == 63
        )  # the slowest sine is nearly 0 at all places, so it shows what the norm took off
        embedding.copy_(torch.nn.functional.normalize(torch.randn_like(embedding) * ~(is_fast | is_still), dim=1))
        for name, weight in model.named_parameters():
            if weight.dim() > 1 and "shared" not in name:
                weight.zero_()
        look_across = model.model.decoder.layers[0].encoder_attn
        for projection in (look_across.q_proj, look_across.k_proj):
            projection.weight.copy_(13 * (torch.diag(is_fast.float()) - torch.outer(is_fast.float(), is_still.float())))
        look_across.v_proj.weight.copy_(torch.eye(128))
        pairs = [*DICTIONARY.items(), (".", "."), ("</s>", "</s>")]
        read, written = (_find_ids(tokenizer, words) for words in zip(*pairs, strict=True))
        ids = torch.tensor(read)[:, None].expand(-1, POSITIONS // 2)
        seen = model.model.encoder(ids).last_hidden_state.reshape(-1, 128)
        wanted = (100 * embedding[written]).repeat_interleave(POSITIONS // 2, dim=0)
        look_across.out_proj.weight.copy_(torch.linalg.lstsq(seen, wanted).solution.T)
    _write(model, folder)
    return folder


def _find_ids(tokenizer: Any, words: Sequence[str]) -> list[int]:
    """Return the one token that each word is."""
    marks = {"</s>": "</s>", ".": "."}
    return [tokenizer.convert_tokens_to_ids(marks.get(word, f"▁{word}")) for word in words]
