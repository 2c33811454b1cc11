"""Every error that a user can meet, and the exit code that the command line gives for it.

    TacoError                 1   anything that went wrong and is understood
    ├── RecipeError           3   a recipe, or a value given with --set
    ├── DataError             4   a file of rows, questions or answers
    ├── EngineError           5   a translation engine: missing, refused, broken answers
    │   ├── EngineBusy            5   it cannot answer now, and may later
    │   └── EngineRejected        5   it will not take the texts of one call
    ├── ModelError            6   a base model, adapter, checkpoint or a training run that went wrong
    │   ├── ModelBusy             6   a server with a model cannot answer now, and may later
    │   └── ModelRejected         6   it will not take one call
    ├── JudgeError            7   a judge: missing, refused, unreadable
    │   ├── JudgeBusy             7   it cannot answer now, and may later
    │   └── JudgeRejected         7   it will not take one call
    ├── PublishError          8   a hub, a card, an export
    ├── StoreError            9   run folder, cache or disk: locked, read-only, full, damaged
    └── BudgetError          10   the budget is spent; the run goes on with a larger one

Exit code 0 is success, 2 a misused command line, 130 an interruption by the user; 70 is a fault of taco itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from pydantic import ValidationError


class TacoError(Exception):
    """What went wrong, and what to do about it.

    Args:
        message: Where it happened, what was found and what was expected.
        hint: What the user can do, as a sentence or a command; may be empty.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


class RecipeError(TacoError):
    """A recipe, or a value given with --set, is wrong."""

    exit_code = 3


class DataError(TacoError):
    """A file of rows, questions or answers cannot be used as it is."""

    exit_code = 4


class EngineError(TacoError):
    """A translation engine is missing, refuses, or gives answers that cannot be used."""

    exit_code = 5


class EngineBusy(EngineError):  # noqa: N818
    """An engine cannot answer now (429, 5xx, timeout, cut connection); the same call may be sent again.

    Args:
        message, hint: See `TacoError`.
        retry_after_s: Seconds that the engine asks to wait, None where it does not say.
        is_free: Whether it said so before it did any work, so that the call cost nothing.
    """

    def __init__(
        self, message: str, *, hint: str = "", retry_after_s: float | None = None, is_free: bool = False
    ) -> None:
        super().__init__(message, hint=hint)
        self.retry_after_s, self.is_free = retry_after_s, is_free


class EngineRejected(EngineError):  # noqa: N818
    """An engine will not translate the texts of one call as they were sent; a call with fewer of them may work."""


class ModelError(TacoError):
    """A base model, adapter or checkpoint cannot be used, or training went wrong."""

    exit_code = 6


class ModelBusy(ModelError):  # noqa: N818
    """A server with a model cannot answer now; the same call may be sent again. For the arguments see `EngineBusy`."""

    def __init__(
        self, message: str, *, hint: str = "", retry_after_s: float | None = None, is_free: bool = False
    ) -> None:
        super().__init__(message, hint=hint)
        self.retry_after_s, self.is_free = retry_after_s, is_free


class ModelRejected(ModelError):  # noqa: N818
    """A server with a model will not take one call as it was sent."""


class JudgeError(TacoError):
    """A judge is missing, refuses, or cannot be read."""

    exit_code = 7


class JudgeBusy(JudgeError):  # noqa: N818
    """A judge cannot answer now; the same call may be sent again. For the arguments see `EngineBusy`."""

    def __init__(
        self, message: str, *, hint: str = "", retry_after_s: float | None = None, is_free: bool = False
    ) -> None:
        super().__init__(message, hint=hint)
        self.retry_after_s, self.is_free = retry_after_s, is_free


class JudgeRejected(JudgeError):  # noqa: N818
    """A judge will not take one call as it was sent."""


class PublishError(TacoError):
    """A hub, a card or an export failed."""

    exit_code = 8


class StoreError(TacoError):
    """The run folder, the cache or the disk is locked, read-only, full or damaged."""

    exit_code = 9


class BudgetError(TacoError):
    """The next call would cost more than the budget allows. What was paid for is kept."""

    exit_code = 10


def list_faults(error: ValidationError, *, whole: str) -> list[str]:
    """Return what pydantic found wrong, each as "place: fault". Values are not shown: one of them may be a key.

    Args:
        error: What it found.
        whole: What to call the place of a fault that is of everything together: "the file".

    >>> from pydantic import TypeAdapter, ValidationError
    >>> try:
    ...     TypeAdapter(dict[str, int]).validate_python({"a": "b"})
    ... except ValidationError as error:
    ...     list_faults(error, whole="the file")
    ['a: Input should be a valid integer, unable to parse string as an integer']
    """
    return [
        f"{'.'.join(map(str, fault['loc'])) or whole}: {fault['msg'].removeprefix('Value error, ')}"
        for fault in error.errors(include_url=False, include_input=False)
    ]
