"""What went wrong with a service, in taco's terms: wait (busy), send less (rejected), or stop.

| HTTP status                       | error, of the service's role                                   |
|-----------------------------------|----------------------------------------------------------------|
| 408, 425, 429, 5xx                | busy, with the seconds of Retry-After                          |
| the same, waiting over an hour    | failed: no run should sleep for so long                        |
| 400, 413, 414, 422                | rejected                                                       |
| 401, 403                          | failed: the key or the account has no access                   |
| 402, 456 (DeepL)                  | failed: quota or credit is used up                             |
| any other that is no success      | failed: the address or the options are wrong                   |
| none: timeout, cut connection     | busy                                                           |
| success, but an unreadable answer | busy: proxies and gateways give such answers while they are in |
|                                   | trouble                                                        |

Where a service says the same with another status, its `Service.classify` knows.
"""

from __future__ import annotations

import email.utils
import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from taco.errors import TacoError
from taco.remote.keys import Key
from taco.remote.role import ENGINE, Role

Kind = Literal["busy", "rejected", "denied", "quota", "other"]
"""What follows from an answer that is no success."""

_KINDS: dict[int, Kind] = {
    **dict.fromkeys((408, 425, 429), "busy"),
    **dict.fromkeys((400, 413, 414, 422), "rejected"),
    **dict.fromkeys((401, 403), "denied"),
    **dict.fromkeys((402, 456), "quota"),
}
_DETAIL_LENGTH = 200

LONGEST_RETRY_AFTER_S = 3600.0
"""Seconds that a service may ask to wait; where it asks for more, as for a quota of the day, the run ends and says so."""

_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.I | re.S)


def _classify_nothing(status: int, body: str) -> Kind | None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Whom messages speak of.

    Attributes:
        name: Its name in the registry.
        role: What it does.
        key: Hidden in every message; None where the service takes none.
        access_hint: What to do about missing access, where it is not the key.
        classify: Says for a status and a body what follows, None where the table above does.
    """

    name: str
    role: Role = ENGINE
    key: Key | None = None
    access_hint: str = ""
    classify: Callable[[int, str], Kind | None] = _classify_nothing

    def hide_key(self, text: str) -> str:
        return self.key.hide(text) if self.key else text


def find_status_fault(service: Service, status: int, body: str, *, retry_after: str | None = None) -> TacoError | None:
    """Return the error for an answer's status, None for a success.

    Args:
        service: Whom the message speaks of.
        status: HTTP status; redirections count as faults, they are not followed.
        body: The answer; what it says is a part of the message.
        retry_after: The header of that name.
    """
    if 200 <= status < 300:
        return None
    kind = service.classify(status, body) or _KINDS.get(status) or ("busy" if status >= 500 else "other")
    message = f"{service.name} answered {status}: {describe_body(body, hide=service.hide_key)}."
    if kind == "busy":
        return _make_busy_fault(service, message, read_retry_after(retry_after))
    if kind == "rejected":
        return service.role.rejected(message)
    return service.role.failed(message, hint=_find_hint(service, kind))


def _make_busy_fault(service: Service, message: str, retry_after_s: float | None) -> TacoError:
    if retry_after_s is None or retry_after_s <= LONGEST_RETRY_AFTER_S:
        return service.role.busy(message, retry_after_s=retry_after_s, is_free=True)
    return service.role.failed(
        f"{message} It asks to wait for {retry_after_s / 3600:.1f} hours.", hint=_find_hint(service, "quota")
    )


def _find_hint(service: Service, kind: Kind) -> str:
    if kind == "quota":
        return (
            "The quota or the credit of the account is used up. Raise it or wait until it is renewed, then run the same "
            "command again; what is done is kept."
        )
    if kind == "denied":
        key = f"Check the key in the environment variable {service.key.variable}." if service.key else ""
        return service.access_hint or key or "The server wants a key: name its environment variable with api_key_env."
    return f"Check the address and the options of the {service.role.noun} {service.name}."


def make_lost_fault(service: Service, reason: str) -> TacoError:
    """Return the error for a call without an answer: a timeout, a cut connection."""
    return service.role.busy(f"{service.name} gave no answer: {_tidy(reason, hide=service.hide_key)}.")


def make_unreadable_fault(service: Service, body: str, expected: str) -> TacoError:
    """Return the error for an answer that says success and is none.

    Args:
        service: Whom the message speaks of.
        body: The answer, or what is wrong with it.
        expected: What it should have been.
    """
    return service.role.busy(
        f"{service.name} answered with {describe_body(body, hide=service.hide_key)} where {expected} was expected.",
        hint="If it stays so, check the address: a proxy or a login page may answer in its place.",
    )


def read_json(service: Service, body: str) -> Any:
    """Parse an answer.

    Raises:
        TacoError: It is no JSON; the service counts as busy.
    """
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise make_unreadable_fault(service, body, "JSON") from None


def check_count(service: Service, answers: int, texts: int) -> None:
    """Check that there is an answer for each text.

    Raises:
        TacoError: There is not; nobody can say which answer belongs to which text.
    """
    if answers != texts:
        raise service.role.rejected(f"{service.name} gave {answers} answers for {texts} texts.")


def read_retry_after(value: str | None, *, now: datetime | None = None) -> float | None:
    """Read the header Retry-After (RFC 9110, 10.2.3): seconds, or a date; None where it says nothing that helps.

    >>> read_retry_after("7"), read_retry_after("soon"), read_retry_after(None)
    (7.0, None, None)
    >>> read_retry_after("Fri, 31 Dec 1999 23:59:59 GMT", now=datetime(1999, 12, 31, 23, 59, 29, tzinfo=UTC))
    30.0
    """
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            date = email.utils.parsedate_to_datetime(value)
        except ValueError:
            return None
        date = date if date.tzinfo else date.replace(tzinfo=UTC)
        seconds = (date - (now or datetime.now(UTC))).total_seconds()
    return max(0.0, seconds) if math.isfinite(seconds) else None


def describe_body(body: str, *, hide: Callable[[str], str] = str) -> str:
    """Say in one printable line what an answer says.

    Args:
        body: The answer.
        hide: Takes secrets out of a line, before it is shortened: a part of a key is a secret too.

    >>> describe_body('{"error": {"message": "Too many\\\\nrequests"}}'), describe_body(" ")
    ('Too many requests', 'an empty body')
    >>> describe_body("<!DOCTYPE html><html><title>Sign in</title></html>")
    'an HTML page (Sign in)'
    """
    if not body.strip():
        return "an empty body"
    if body.lstrip()[:1] == "<":
        title = _TITLE.search(body)
        return f"an HTML page ({_tidy(title[1], hide=hide)})" if title and title[1].strip() else "an HTML page"
    try:
        said = _find_message(json.loads(body))
    except (ValueError, RecursionError):
        said = ""
    return _tidy(said or body, hide=hide) or "an empty body"


def _find_message(answer: Any) -> str:
    """Return what the usual fields of an error say: Google and OpenAI, DeepL, LibreTranslate, Apertium APY."""
    if isinstance(answer, dict):
        for name in ("error", "message", "Message", "explanation", "detail"):
            found = answer.get(name)
            if isinstance(found, str) and name == "message" and isinstance(answer.get("explanation"), str):
                found = f"{found}: {answer['explanation']}"
            if said := found if isinstance(found, str) else _find_message(found):
                return said
    return ""


def _tidy(text: str, *, hide: Callable[[str], str]) -> str:
    line = hide(" ".join("".join(sign if sign.isprintable() else " " for sign in text).split()).rstrip("."))
    return line if len(line) <= _DETAIL_LENGTH else line[: _DETAIL_LENGTH - 1] + "…"
