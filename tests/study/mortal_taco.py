"""`taco` in processes that die by SIGKILL, or wait, at a chosen change of the disk.

Run as a script it is the mother of such processes: it has imported all that is heavy, and forks one for each call. A change
is a file opened for writing, renamed or removed, a folder made or removed (before it happens), or a file forced to the disk
(after it has happened). They are counted, so a place is chosen by what is on the disk and not by time.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MODULES = (
    "taco.cli.app",
    "taco.study.run",
    "taco.study.transfer.run",
    "taco.study.tokens.run",
    "taco.study.cost.run",
    "taco.train.tuning",
    "taco.generate.transformers",
    "taco.generate.decode",
    "peft",
    "transformers.trainer",
    "transformers.models.llama.modeling_llama",
    "sacrebleu",
)
"""What a study needs, and takes long to import."""

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_CHANGES = ("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "shutil.rmtree")


@dataclass(frozen=True)
class Ended:
    """How a call ended.

    Attributes:
        code: Its exit code; -9 for one that was killed, 0 for one that waits.
        pid: Its process.
        changes: The changes that it had made, "what path".
        output, errors: What it printed.
    """

    code: int
    pid: int
    changes: list[str]
    output: str
    errors: str


class Mother:
    """The process that has imported all, seen from the test."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def call(
        self, *words: str | Path, folder: Path, at: int | None = None, match: str = "", then: str = "SIGKILL"
    ) -> Ended:
        """Call `taco` in a folder, which holds its cache too.

        Args:
            words: What stands behind `taco`.
            folder: Where; changes are counted below it.
            at: Number of the change at which it gets the signal, from 0; None to let it end.
            match: Pattern of the changes that count.
            then: The signal: SIGKILL or SIGSTOP.
        """
        call = {"words": [str(word) for word in words], "folder": str(folder), "at": at, "match": match, "then": then}
        return self._send(call, folder)

    def wake(self, ended: Ended, *, folder: Path) -> Ended:
        """Let a call that waits go on to its end."""
        return self._send({"wake": ended.pid}, folder)

    def _send(self, call: dict[str, Any], folder: Path) -> Ended:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(call) + "\n")
        self._process.stdin.flush()
        pid, status = json.loads(self._process.stdout.readline())
        code = 0 if os.WIFSTOPPED(status) else os.waitstatus_to_exitcode(status)
        names = ("changes", "output", "errors")
        changes, output, errors = ((folder.parent / f"{pid}.{name}").read_text() for name in names)
        return Ended(code, pid, changes.splitlines(), output, errors)


@contextmanager
def open_mother() -> Iterator[Mother]:
    """Start the process that has imported all, and end it."""
    alone = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    with subprocess.Popen(
        [sys.executable, __file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **alone, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as process:
        assert process.stdin is not None
        yield Mother(process)
        process.stdin.close()


def watch_disk(folder: Path, log: int, *, match: str, at: int | None, then: int) -> None:
    """Count the changes below a folder, and send this process a signal at one of them."""
    root, pattern, count = f"{folder}{os.sep}", re.compile(match), 0

    def note(what: str, path: Any) -> None:
        nonlocal count
        if not isinstance(path, (str, os.PathLike)):
            return
        place = os.path.abspath(path)  # noqa: PTH100 (a link is a place of its own)
        if not place.startswith(root):
            return
        line = f"{what} {place.removeprefix(root)}"
        if pattern.search(line):
            count += 1
            if at is not None and count == at + 1:
                os.kill(os.getpid(), then)
        os.write(log, f"{line}\n".encode())

    def hear(event: str, arguments: tuple[Any, ...]) -> None:
        if event in _CHANGES and (event != "open" or (arguments[2] or 0) & _WRITING):
            note(event.rpartition(".")[2], arguments[1] if event == "os.rename" else arguments[0])

    sync = os.fsync

    def sync_and_note(opened: Any) -> None:
        sync(opened)
        number = opened if isinstance(opened, int) else opened.fileno()
        note("fsync", Path(f"/proc/self/fd/{number}").readlink())

    os.fsync = sync_and_note
    sys.addaudithook(hear)


def bear(call: dict[str, Any]) -> int:
    """Fork a process that makes a call; return its id."""
    pid = os.fork()
    if pid:
        return pid
    folder = Path(call["folder"])
    names, places = ("changes", "output", "errors"), []
    for name in names:
        places.append(os.open(folder.parent / f"{os.getpid()}.{name}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC))
    os.dup2(places[1], 1)
    os.dup2(places[2], 2)
    os.chdir(folder)
    os.environ["TACO_CACHE"] = str(folder / "cache")
    sys.argv = ["taco", *call["words"]]
    watch_disk(folder, places[0], match=call["match"], at=call["at"], then=signal.Signals[call["then"]])
    os._exit(run_to_the_end())


def run_to_the_end() -> int:
    """Call `taco` and return its exit code."""
    from taco.cli.app import main

    main_: Callable[[], None] = main
    code = 0
    try:
        main_()
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
    sys.stdout.flush()
    sys.stderr.flush()
    return code


def serve() -> None:
    """Bear a process for each line, and say how it ended or that it waits."""
    import importlib

    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever imports print
    for name in MODULES:
        importlib.import_module(name)
    for line in sys.stdin:
        call = json.loads(line)
        pid = call.get("wake") or bear(call)
        if "wake" in call:
            os.kill(pid, signal.SIGCONT)
        print(json.dumps(os.waitpid(pid, os.WUNTRACED)), file=answers, flush=True)


if __name__ == "__main__":
    serve()
