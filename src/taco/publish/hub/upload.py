"""Uploading with huggingface_hub: one commit, large files before it, so that a stopped upload goes on where it was.

The token is huggingface_hub's own: HF_TOKEN, or what `hf auth login` keeps. It is in no option, no file and no message here.
"""

from __future__ import annotations

import importlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from taco import __version__
from taco.errors import PublishError
from taco.progress import Progress
from taco.publish.hub.parcel import Parcel
from taco.remote.hub import find_transfer_errors
from taco.remote.keys import Key

_REPO = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}(?<![.-])", re.ASCII)
_TOKEN = re.compile(r"hf_\w+")


def check_repo(name: str) -> None:
    """Check the name of a repository.

    Raises:
        PublishError: It is not of the form ORG/NAME.
    """
    if not _REPO.fullmatch(name) or "--" in name or ".." in name or name.endswith(".git"):
        raise PublishError(
            f"{name!r} is no name of a repository.", hint="Give it as ORG/NAME, such as my-org/my-model."
        )


def upload(parcel: Parcel, repo: str, *, public: bool, progress: Progress, endpoint: str | None = None) -> str:
    """Make the repository where there is none and upload a parcel as one commit.

    Files that the hub has already are not sent again. An existing repository stays as visible as it is.

    Args:
        parcel: What to upload.
        repo: ORG/NAME.
        public: Whether a new repository can be seen by everybody.
        progress: Where to say how far it is.
        endpoint: The hub's address; HF_ENDPOINT or the public hub if None.

    Returns:
        The commit's address.

    Raises:
        PublishError: The extra [publish] is not installed, nobody is logged in, or the hub refuses or is out of reach.
    """
    check_repo(repo)
    hub = _import_hub()
    token = hub.get_token()
    if not token:
        raise PublishError(
            "There is no token for the Hugging Face hub.",
            hint="Log in (hf auth login) with a token that may write, or set HF_TOKEN; nothing was sent.",
        )
    api = hub.HfApi(endpoint=endpoint, library_name="taco-llm", library_version=__version__)
    additions = [
        hub.CommitOperationAdd(path_in_repo=name, path_or_fileobj=str(parcel.folder / name)) for name in parcel.files
    ]
    with _explain(repo, Key(variable="HF_TOKEN", secret=token)), _quiet(hub):
        api.create_repo(repo, repo_type=parcel.kind, private=not public, exist_ok=True)
        with progress.task(f"Uploading to {repo}", total=round(parcel.bytes / 1e6), unit="MB") as task:
            for addition, size in zip(additions, parcel.files.values(), strict=True):
                api.preupload_lfs_files(repo, [addition], repo_type=parcel.kind, free_memory=False)
                task.advance(round(size / 1e6))
        commit = api.create_commit(
            repo, additions, repo_type=parcel.kind, commit_message=f"Upload with taco {__version__}"
        )
    return str(commit.commit_url)


@contextmanager
def _quiet(hub: Any) -> Iterator[None]:
    """Keep the library's own bars off the terminal: two writers garble each other's lines."""
    were_on = not hub.utils.are_progress_bars_disabled()
    hub.utils.disable_progress_bars()
    try:
        yield
    finally:
        if were_on:
            hub.utils.enable_progress_bars()


@contextmanager
def _explain(repo: str, token: Key) -> Iterator[None]:
    """Turn what huggingface_hub raises into errors that say what to do, without any token in them."""
    from huggingface_hub import errors

    try:
        yield
    except errors.HfHubHTTPError as error:
        status = getattr(error.response, "status_code", 0)
        hints = {
            401: "The token is not valid (any more): hf auth login.",
            403: "The token may not write there: make one that may, or ask the organisation.",
            404: "There is no such organisation, or the token cannot see it.",
            429: "The hub asks to wait: run the same command again later; what was sent is kept.",
        }
        hint = hints.get(status, "Run the same command again; what was sent is kept.")
        raise PublishError(
            f"The hub refused {repo} with the status {status}: {_clean(error, token)}", hint=hint
        ) from None
    except find_transfer_errors() as error:
        offline = " (HF_HUB_OFFLINE is set)" if os.environ.get("HF_HUB_OFFLINE") else ""
        raise PublishError(
            f"Uploading to {repo} failed{offline}: {_clean(error, token)}{_describe_cause(error, token)}",
            hint="Check the network and run the same command again; what was sent is kept.",
        ) from None


def _clean(error: BaseException, token: Key) -> str:
    """Return the first line of what an error says, without the token in use and whatever looks like one of the hub."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return _TOKEN.sub("(token)", token.hide(lines[0])) if lines else type(error).__name__


def _describe_cause(error: BaseException, token: Key) -> str:
    cause = error.__cause__
    return f" ({type(cause).__name__}: {_clean(cause, token)})" if cause else ""


def _import_hub() -> Any:
    try:
        return importlib.import_module("huggingface_hub")
    except ImportError as error:
        raise PublishError(
            f"The library huggingface_hub cannot be imported: {error}.",
            hint='Install taco-llm[publish]: pip install "taco-llm[publish]"',
        ) from error
