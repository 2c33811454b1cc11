"""What a user may say about the calls of any service."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


def check_url(url: str) -> str:
    """Check the address of a server, and drop the slash at its end.

    >>> check_url("http://127.0.0.1:5000/")
    'http://127.0.0.1:5000'

    Raises:
        ValueError: It is no address of HTTP, or holds what does not belong into a recipe.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be an address such as https://translate.example.org")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must hold no user and no password: keys come from environment variables, see api_key_env")
    if parts.query or parts.fragment:
        raise ValueError("must end with the path: no ? and no #")
    _ = parts.port  # raises where it is no number
    return url.rstrip("/")


ServerUrl = Annotated[str, AfterValidator(check_url)]
"""The address of a server, as a recipe may give it: without any secret."""

VariableName = Annotated[str, Field(pattern="^[A-Z][A-Z0-9_]*$")]
"""The name of an environment variable, in capitals: so a key that is put there by mistake is refused, not shown."""


def describe_server(url: str) -> str:
    """Name a server in a signature: an address may decide what is answered.

    >>> describe_server("https://translate.example.org/v1")
    'translate.example.org/v1'
    """
    return url.partition("://")[2]


class CallOptions(BaseModel):
    """How a service is called."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    timeout_s: float = Field(default=60.0, gt=0, le=3600, description="Seconds that a call may wait for an answer.")
    parallel_calls: int = Field(default=4, ge=1, le=64, description="Calls that may run at the same time.")
    characters_per_minute: int | None = Field(
        default=None, ge=1, description="Characters that may be sent in a minute; no limit where it is not given."
    )
    calls_per_minute: int | None = Field(
        default=None, ge=1, description="Calls that may be made in a minute; no limit where it is not given."
    )
