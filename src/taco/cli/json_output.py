"""Printing JSON whose texts came from files: lone surrogates, which no terminal takes, become "?"."""

from __future__ import annotations

import json


def print_json(value: object) -> None:
    """Print a value as indented JSON, characters beyond ASCII as they are."""
    print(json.dumps(value, ensure_ascii=False, indent=1).encode("utf-8", "replace").decode("utf-8"))
