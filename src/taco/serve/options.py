"""Settings of the server."""

from __future__ import annotations

from ipaddress import ip_address

from pydantic import BaseModel, ConfigDict, Field

from taco.generate.options import Mode

KEY_VARIABLE = "TACO_API_KEY"
"""Environment variable with the key that clients must send; unset or empty: none is asked."""


class ServeOptions(BaseModel):
    """How the server listens, and what a request may ask at most."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = Field(default="127.0.0.1", min_length=1, description="Address to listen on.")
    port: int = Field(default=8642, ge=0, le=65535, description="Port to listen on; 0 for any free one.")
    cors_origins: tuple[str, ...] = Field(default=(), description="Origins whose pages may call the server.")
    host_names: tuple[str, ...] = Field(default=(), description="Further names under which clients reach the server.")
    api_key: str = Field(default="", repr=False, description="Key that clients must send; none is asked where empty.")
    max_waiting: int = Field(default=256, ge=1, description="Requests that may wait for room; further ones get 429.")
    max_body_bytes: int = Field(default=2**20, ge=1024, description="Size of a request at most; larger ones get 413.")
    max_prompt_characters: int = Field(default=100_000, ge=1, description="Characters of all messages at most.")
    max_tokens: int = Field(default=2048, ge=1, description="Tokens of an answer at most, English sections included.")
    timeout_s: float = Field(default=300.0, gt=0, description="Seconds after which an answer is ended.")
    read_timeout_s: float = Field(default=30.0, gt=0, description="Seconds that a client may take to send a request.")
    feedback_mib: int = Field(default=1024, ge=1, description="Size of the feedback files at most.")
    shutdown_s: int = Field(default=30, ge=0, description="Seconds that answers under way get when the server stops.")

    modes: tuple[Mode, ...] = Field(
        default=(),
        description="Modes that requests may ask for, the first where they name none; the recipes' own if empty.",
    )

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the server.

        >>> ServeOptions().is_loopback, ServeOptions(host="0.0.0.0").is_loopback, ServeOptions(host="::1").is_loopback
        (True, False, True)
        """
        return self.host == "localhost" or _is_loopback(self.host)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
