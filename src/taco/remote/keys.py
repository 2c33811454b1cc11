"""Keys of services: read from environment variables, and kept out of everything that is shown or stored."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from urllib.parse import quote

from taco.remote.role import ENGINE, Role


@dataclass(frozen=True, slots=True)
class Key:
    """A key; its text is not in its `repr`.

    Attributes:
        variable: The environment variable that it is from.
        secret: The key.
    """

    variable: str
    secret: str = field(repr=False)

    def hide(self, text: str) -> str:
        """Replace the key in a text that somebody is going to see, also as addresses and JSON write it.

        >>> Key("TOKEN", "s3/cret").hide("/translate?key=s3%2Fcret, s3/cret")
        '/translate?key=***, ***'
        """
        spelled = {self.secret, quote(self.secret), quote(self.secret, safe=""), json.dumps(self.secret)[1:-1]}
        for secret in sorted(spelled, key=len, reverse=True):
            text = text.replace(secret, "***")
        return text


def read_key(variable: str, *, name: str, role: Role = ENGINE) -> Key:
    """Read the key of a service.

    Args:
        variable: The environment variable.
        name: The service's name in its registry.
        role: What it does.

    Raises:
        TacoError: The variable is unset or empty, or what it holds can be no key.
    """
    secret = os.environ.get(variable, "").strip()
    if not secret:
        raise role.failed(
            f"The {role.noun} {name} needs a key, and the environment variable {variable} holds none.",
            hint=f"Set it in the shell that runs taco: export {variable}=...",
        )
    if not (secret.isascii() and secret.isprintable()) or " " in secret:
        raise role.failed(
            f"What the environment variable {variable} holds is no key: it has spaces, control characters or letters "
            "outside ASCII.",
            hint=f"Copy the key of the {role.noun} {name} into {variable} anew.",
        )
    return Key(variable, secret)
