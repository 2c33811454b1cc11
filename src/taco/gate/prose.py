"""What of a text is to be in the target language: its prose, without protected spans and texts that stay in English."""

from __future__ import annotations

from taco.translate.segment import Fixed, split_text


def list_prose(text: str, *, keep: tuple[str, ...] = ()) -> list[str]:
    r"""List the stretches of prose in a text, in order; no span, list mark or code is in any of them.

    Args:
        text: A text in any language.
        keep: Texts that stay in English wherever they stand as whole words.

    >>> list_prose("- Executa `ls` en ~/src.\n\n```\nls\n```\nO gato *cat*.", keep=("cat",))
    ['Executa ', ' en ', '.', 'O gato ', '.']
    """
    pieces: list[str] = []
    for node in split_text(text, keep=keep):
        if isinstance(node, Fixed):
            continue
        position = 0
        for span in node.spans:
            pieces.append(node.text[position : span.start])
            position = span.end
        pieces.append(node.text[position:])
    return [piece for piece in pieces if piece]
