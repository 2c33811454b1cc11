"""An engine that spoils whatever it sees, and one that spoils slots in a chosen way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from taco.languages.table import find_language
from taco.records import Drop, Row, TranslatedRow
from taco.translate.echo import EchoEngine, EchoOptions
from taco.translate.engine import Translation
from taco.translate.rows import Leg, RowTranslator
from taco.translate.slots import SLOT, count_words


class ManglingEngine(EchoEngine):
    """Turns letters into others and signs into nothing, and leaves digits and white space alone.

    Args:
        keeps_slots: Whether it gives slots back.
        spoil: Applied to each answer.
    """

    def __init__(self, *, keeps_slots: bool = True, spoil: Callable[[str], str] = lambda text: text) -> None:
        super().__init__(EchoOptions(), source=find_language("en"), target=find_language("gl"))
        self.keeps_slots = keeps_slots
        self._spoil = spoil

    def translate(self, texts: Sequence[str]) -> list[Translation]:
        assert not any("\n" in text for text in texts)
        assert self.keeps_slots or not any(SLOT.search(text) for text in texts)
        self.sent.extend(texts)
        return [Translation(text=self._spoil(mangle(text)), words=count_words(text)) for text in texts]


def mangle(text: str) -> str:
    """Return a text as the mangling engine gives it back.

    >>> mangle("Run `ls` 5 times, 3.5 pts.")
    'Qqq qq 5 qqqqq 3.5 qqq.'
    """
    kept = set(",.:") if any(character.isdigit() for character in text) else set(".")
    words = []
    for word in text.split(" "):
        has_digit = any(character.isdigit() for character in word)
        words.append("".join(_mangle_one(sign, kept if has_digit else {"."}, has_digit) for sign in word))
    return " ".join(words)


def _mangle_one(sign: str, kept: set[str], has_digit: bool) -> str:
    if SLOT.fullmatch(sign) or sign.isspace() or sign in kept or has_digit:
        return sign
    if sign.isalpha():
        return "Q" if sign.isupper() else "q"
    return ""


def translate_rows(translator: RowTranslator, rows: Sequence[Row]) -> list[TranslatedRow | Drop]:
    """Translate rows in one window, with engines that leave nothing for later."""
    window = translator.open_window()
    for row in rows:
        window.add(row)
    translator.ask(window)
    made = dict(window.judge_next() for _ in rows)
    return [made[place] for place in range(len(rows))]


def make_translator(engine: EchoEngine) -> RowTranslator:
    def send(texts: Sequence[str]) -> Mapping[str, Translation]:
        return dict(zip(texts, engine.translate(texts), strict=True))

    return RowTranslator([Leg(engine=engine, send=send)], language="gl", max_unknown_share=1.0)


def translate_one(engine: EchoEngine, response: str, *, keep: tuple[str, ...] = ()) -> TranslatedRow | Drop:
    """Translate a row with a text as its response."""
    row = Row(id="0" * 16, instruction="Say it.", input="", response=response, keep=keep)
    return translate_rows(make_translator(engine), [row])[0]
