"""Models of the Hugging Face hub: only the files that were asked for, kept in Hugging Face's own cache."""

from __future__ import annotations

import importlib
import importlib.util
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from taco.errors import TacoError
from taco.progress import Progress, Task

UNWANTED = ["*/*"]
"""Names of the files that are left out: folders hold other formats of the same weights."""

_LICENCE = re.compile(r"^license:[ \t]*[\"']?([^\s\"']+)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What is wanted of a model on the hub, and in whose words a failure is told.

    Attributes:
        name: The id "owner/name".
        revision: Branch, tag or commit; None for the main branch.
        wanted: Patterns of the names of the files.
        failed: The class of error to raise.
        options: Where in a recipe the model is named, such as "model.base", and its revision.
    """

    name: str
    revision: str | None
    wanted: Sequence[str]
    failed: type[TacoError]
    options: tuple[str, str]

    def find(self) -> Path | None:
        """Return the folder in Hugging Face's cache, None where there is none; asks no network.

        That its files are all there is for the caller to check: an earlier call may have wanted less.
        """
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import EntryNotFoundError

        try:
            folder = Path(snapshot_download(self.name, local_files_only=True, **self._arguments()))
        except (EntryNotFoundError, OSError, ValueError):
            return None
        return folder if (folder / "config.json").is_file() else None

    def fetch(self, progress: Progress) -> Path:
        """Return the folder, from the hub where a file is missing. Its name is the commit.

        Raises:
            TacoError: Of the class `failed`: there is no such model or revision, it is gated, or the hub is out of
                reach.
        """
        from huggingface_hub import snapshot_download

        progress.say(f"Fetching {self.name} from the Hugging Face hub.")
        try:
            with progress.task(f"Fetching {self.name}", total=None, unit="MB") as task:
                return Path(snapshot_download(self.name, tqdm_class=_count_bytes(task), **self._arguments()))
        except find_transfer_errors() as error:
            raise self._describe(error) from error

    def _arguments(self) -> dict[str, Any]:
        return {"revision": self.revision, "allow_patterns": list(self.wanted), "ignore_patterns": UNWANTED}

    def _describe(self, error: Exception) -> TacoError:
        from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError

        where = f"{self.name} at revision {self.revision}" if self.revision else self.name
        option, revision_option = self.options
        if isinstance(error, GatedRepoError):
            return self.failed(
                f"The Hugging Face hub gives {where} only to users who accepted its terms.",
                hint=f"Accept them at https://huggingface.co/{self.name}, then log in: hf auth login.",
            )
        if isinstance(error, RepositoryNotFoundError):
            return self.failed(
                f"The Hugging Face hub has no model {self.name}, or it is private.",
                hint="Check the spelling; for a private model log in first: hf auth login.",
            )
        if isinstance(error, RevisionNotFoundError):
            return self.failed(
                f"The model {self.name} has no revision {self.revision!r}.", hint=f"Leave `{revision_option}` out."
            )
        offline = " (HF_HUB_OFFLINE is set)" if os.environ.get("HF_HUB_OFFLINE") else ""
        return self.failed(
            f"{where} cannot be fetched from the Hugging Face hub{offline}: {type(error).__name__}: {error}",
            hint=f"Check the network, or download the model elsewhere and give its folder as `{option}`.",
        )


def find_transfer_errors() -> tuple[type[Exception], ...]:
    """Return what huggingface_hub raises where a transfer fails.

    Its HTTP library is httpx2, or httpx before version 2; the transfer of large files by hf_xet raises RuntimeError.
    """
    libraries = (name for name in ("httpx2", "httpx") if importlib.util.find_spec(name))
    return (OSError, ValueError, RuntimeError, *(importlib.import_module(name).HTTPError for name in libraries))


def find_card_licence(card: str) -> str:
    """Return the licence that the front matter of a card names; "" where there is none.

    >>> find_card_licence("---\\nlanguage: gl\\nlicense: 'mit'\\n---\\nlicense: none")
    'mit'
    """
    head = card.split("---", 2)[1] if card.startswith("---") else ""
    found = _LICENCE.search(head)
    return found[1] if found else ""


def _count_bytes(task: Task) -> Any:
    """Return a class in the form of tqdm that passes the bytes on to `task` and draws nothing."""
    from tqdm import tqdm  # type: ignore[import-untyped]

    class ByteCounter(tqdm):  # type: ignore[misc]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            self._counts = kwargs.get("unit") == "B" and "Reconstructing" in str(kwargs.get("desc", ""))
            self._left_over = 0
            kwargs.pop("name", None)
            super().__init__(*args, **{**kwargs, "disable": True})

        def update(self, n: float | None = 1) -> bool | None:
            if self._counts:
                megabytes, self._left_over = divmod(self._left_over + int(n or 0), 1_000_000)
                task.advance(megabytes)
            return None

    return ByteCounter
