"""Slots as marks that a language model can read and copy: `⟦0⟧`, `⟦1⟧`, numbered through the text.

Brackets that the text holds itself are marks too, so nothing in a text can be taken for a mark.
For every text t: decode_marks(encode_marks(t), t) == t.
"""

from __future__ import annotations

import re

from taco.translate.slots import SLOT

_MARKED = re.compile(f"{SLOT.pattern}|[⟦⟧]")
_MARK = re.compile(r"⟦\s*(\d{1,5})\s*⟧|[⟦⟧]")


def encode_marks(text: str) -> str:
    """Replace slots and brackets with marks.

    >>> from taco.translate.slots import make_slot
    >>> encode_marks("Run " + make_slot(7, is_word=True) + " ⟦now")
    'Run ⟦0⟧ ⟦1⟧now'
    """
    numbers = iter(range(len(text)))
    return _MARKED.sub(lambda _: f"⟦{next(numbers)}⟧", text)


def decode_marks(answer: str, text: str) -> str:
    """Put slots and brackets back in the place of their marks.

    Args:
        answer: What the model made of `encode_marks(text)`.
        text: The text.

    Raises:
        ValueError: The answer has a mark that the text does not have.
    """
    originals = _MARKED.findall(text)

    def find_original(found: re.Match[str]) -> str:
        if found[1] is None or int(found[1]) >= len(originals):
            raise ValueError(f"the answer has the mark {found[0]}, which the text has not")
        return str(originals[int(found[1])])

    return _MARK.sub(find_original, answer)
