"""What every translation engine can do, and where each of them lives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, Self, cast

from taco.languages.table import Language
from taco.registry import Entry, Registry

ENGINES = Registry(
    "translation engine",
    {
        "apertium": Entry(
            "taco.translate.apertium.options:ApertiumOptions", "taco.translate.apertium.engine:open_apertium"
        ),
        "apertium-apy": Entry(
            "taco.translate.remote.apertium_apy:ApertiumApyOptions",
            "taco.translate.remote.apertium_apy:open_apertium_apy",
        ),
        "ctranslate2": Entry(
            "taco.translate.neural.options:CTranslate2Options", "taco.translate.neural.ct2:open_ctranslate2"
        ),
        "deepl": Entry(
            "taco.translate.remote.deepl.engine:DeepLOptions", "taco.translate.remote.deepl.engine:open_deepl"
        ),
        "echo": Entry("taco.translate.echo:EchoOptions", "taco.translate.echo:open_echo"),
        "google": Entry(
            "taco.translate.remote.google.options:GoogleOptions", "taco.translate.remote.google.engine:open_google"
        ),
        "libretranslate": Entry(
            "taco.translate.remote.libretranslate:LibreTranslateOptions",
            "taco.translate.remote.libretranslate:open_libretranslate",
        ),
        "nllb": Entry("taco.translate.neural.options:NllbOptions", "taco.translate.neural.ct2:open_nllb"),
        "openai": Entry(
            "taco.translate.remote.openai.options:OpenAIOptions", "taco.translate.remote.openai.engine:open_openai"
        ),
        "shipped-memory": Entry(
            "taco.translate.shipped.options:ShippedOptions", "taco.translate.shipped.engine:open_shipped"
        ),
        "transformers": Entry(
            "taco.translate.neural.options:TransformersOptions",
            "taco.translate.neural.torch_model:open_transformers",
        ),
    },
)
"""Name -> options class and a function `open(options, *, source, target) -> Engine`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What may be sent to an engine.

    Attributes:
        characters_per_text: Length of one text at most; None where there is no limit.
        characters_per_call: Sum of the lengths of one call's texts at most; None where there is no limit.
        texts_per_call: Number of texts of one call at most; None where there is no limit.
        parallel_calls: Calls of `Engine.translate` that may run at the same time, each from a thread of its own.
        characters_per_minute: Characters that may be sent in a minute; None where there is no limit.
        calls_per_minute: Calls that may be made in a minute; None where there is no limit.
    """

    characters_per_text: int | None = None
    characters_per_call: int | None = None
    texts_per_call: int | None = None
    parallel_calls: int = 1
    characters_per_minute: int | None = None
    calls_per_minute: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What an engine charges.

    Attributes:
        usd_per_million_characters: For characters of source text, slots and white space included.
        source: Where the price is from and of which day, or how it was estimated; "" for engines that cost nothing.
    """

    usd_per_million_characters: float = 0.0
    source: str = ""


FREE = Price()
"""The price of what runs on the user's own machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    """An engine's answer for one text.

    Attributes:
        text: The translation; "" where the engine refused.
        words: Number of words of the source text, slots and numbers left out.
        unknown_words: How many of them the engine said it does not know.
        refusal: Why the engine has no translation for this text, "" where it has one. Refusals are not remembered.
        cost_usd: What the engine says that this text cost, None where its price list decides.
        is_paid: Whether the run that asks sent it to the engine itself, now or before a kill; set by the sender.
    """

    text: str
    words: int
    unknown_words: int = 0
    refusal: str = ""
    cost_usd: float | None = None
    is_paid: bool = False


class Engine(Protocol):
    """Something that translates texts of one line from one language into another.

    A text may hold slots (see `taco.translate.slots`) if `keeps_slots` says so; the engine is asked to give each back
    once, and the caller checks it. Equal texts have equal translations, whatever is sent with them or before them: the
    memory and the reproducibility of data sets rest on it.
    """

    @property
    def name(self) -> str:
        """Its name in the registry."""

    @property
    def signature(self) -> str:
        """All that decides a translation besides the text: engine, versions, path of languages."""

    @property
    def limits(self) -> Limits:
        """What may be sent in one call."""

    @property
    def price(self) -> Price:
        """What it charges."""

    @property
    def keeps_slots(self) -> bool:
        """Whether texts may hold slots."""

    def translate(self, texts: Sequence[str]) -> list[Translation]:
        """Translate texts, one answer for each, in the same order.

        It makes one attempt: waiting, trying again and cutting calls up is the caller's part (`taco.translate.sender`).

        Raises:
            EngineBusy: It cannot answer now; the same call may be sent again.
            EngineRejected: It will not take these texts as they are; a call with fewer of them may work.
            EngineError: It cannot go on at all: no access, quota used up, pair not offered.
        """

    def close(self) -> None:
        """Let go of processes and connections; may be called more than once."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Closing:
    """The context manager of every engine: closes it at the end."""

    def close(self) -> None:
        """Let go of processes and connections."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def prepare(engine: Engine) -> None:
    """Let an engine get ready for its first call while other work is done, where it has a method `prepare` for that.

    It returns at once and raises nothing: what is wrong, the first call says.
    """
    begin = getattr(engine, "prepare", None)
    if begin is not None:
        begin()


def open_engine(name: str, options: Any, *, source: Language, target: Language) -> Engine:
    """Open an engine for one pair of languages.

    Args:
        name: Its name in `ENGINES`.
        options: Its typed options, an instance of `ENGINES.load_options(name)`.
        source: The language of the texts.
        target: The language to translate into.

    Raises:
        RecipeError: There is no engine of that name.
        EngineError: The engine is missing, or cannot translate this pair.
    """
    return cast(Engine, ENGINES.load_implementation(name)(options, source=source, target=target))
