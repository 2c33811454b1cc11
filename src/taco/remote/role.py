"""What a service does for taco, and which errors speak for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from taco.errors import (
    EngineBusy,
    EngineError,
    EngineRejected,
    JudgeBusy,
    JudgeError,
    JudgeRejected,
    ModelBusy,
    ModelError,
    ModelRejected,
    TacoError,
)


@dataclass(frozen=True, slots=True)
class Role:
    """What a service does.

    Attributes:
        noun: Its word in messages.
        busy: It cannot answer now; takes `retry_after_s` and `is_free` too.
        rejected: It will not take this call as it is.
        failed: It cannot go on at all.
    """

    noun: str
    busy: Callable[..., TacoError]
    rejected: Callable[..., TacoError]
    failed: Callable[..., TacoError]


ENGINE = Role("engine", EngineBusy, EngineRejected, EngineError)
JUDGE = Role("judge", JudgeBusy, JudgeRejected, JudgeError)
BACKEND = Role("backend", ModelBusy, ModelRejected, ModelError)
