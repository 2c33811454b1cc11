"""One running mode: its programs joined by pipes, kept alive and fed with texts that end in a null character.

Nothing is left behind: the programs end when their input is closed, which the operating system does if this process is
killed, and `Pipeline.close` kills each of them and waits for it. They hold nothing but dictionaries, which they would take
twice as long to give back piece by piece as they took to load them.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import subprocess
import time
from collections.abc import Sequence
from typing import IO, NoReturn

from taco.errors import EngineError

_CHUNK_BYTES = 1 << 16
_KEPT_BYTES = 2000
"""How much of the end of the programs' messages is kept for an error message."""


class Broken(Exception):  # noqa: N818 - no error that a user meets: the caller starts anew
    """A program died or hung; the pipeline is closed.

    Attributes:
        reason: What happened, for a reader.
        answers: What was answered before.
    """

    def __init__(self, reason: str, answers: list[bytes]) -> None:
        super().__init__(reason)
        self.reason = reason
        self.answers = answers


class Messages:
    """What programs say on their error streams.

    Args:
        limit: Number of bytes to keep, the last ones; None for all.
    """

    def __init__(self, limit: int | None = None) -> None:
        reading, self.writing = os.pipe()
        os.set_blocking(reading, False)
        self.reading = os.fdopen(reading, "rb", buffering=0)
        self._limit = limit
        self._said = b""

    def read(self) -> bool:
        """Take in what is there; False when nothing more will come."""
        said = self.reading.read(_CHUNK_BYTES)
        if said:
            self._said = (self._said + said)[-self._limit :] if self._limit else self._said + said
        return said != b""

    def close(self) -> None:
        """Take in the rest and close; what was said can still be taken."""
        while not self.reading.closed and (said := self.reading.read(_CHUNK_BYTES)):
            self._said += said
        self.reading.close()

    def take(self) -> str:
        """Return what was said since the last call."""
        while not self.reading.closed and (said := self.reading.read(_CHUNK_BYTES)):
            self._said += said
        text, self._said = self._said.decode(errors="replace"), b""
        return text


class Pipeline:
    """Programs joined by pipes.

    Args:
        commands: Argument list of each program; the first reads what is sent, the last answers.
        watch: Number of the program whose messages `take_messages` returns; None for none.

    Raises:
        EngineError: A program cannot be started.
    """

    def __init__(self, commands: Sequence[Sequence[str]], *, watch: int | None = None) -> None:
        self._processes: list[subprocess.Popen[bytes]] = []
        self._watched, self._others = Messages(), Messages(_KEPT_BYTES)
        try:
            for number, command in enumerate(commands):
                self._start(command, self._watched if number == watch else self._others)
        except OSError as error:
            self.close()
            raise EngineError(f"Cannot start {command[0]}: {error.strerror or error}.") from error
        finally:
            os.close(self._watched.writing)
            os.close(self._others.writing)
        self._input, self._output = _require(self._processes[0].stdin), _require(self._processes[-1].stdout)
        os.set_blocking(self._input.fileno(), False)
        os.set_blocking(self._output.fileno(), False)

    def exchange(self, texts: Sequence[bytes], *, timeout_s: float) -> list[bytes]:
        """Send texts and return their answers, in order. Afterwards nothing is under way.

        Args:
            texts: Texts in the stream format, without null characters.
            timeout_s: Seconds that may pass between one answer and the next.

        Raises:
            Broken: A program died, or an answer took too long.
        """
        answers: list[bytes] = []
        unsent, started = memoryview(b"".join(text + b"\0" for text in texts)), b""
        with selectors.DefaultSelector() as selector:
            selector.register(self._input, selectors.EVENT_WRITE)
            for stream in (self._output, self._watched.reading, self._others.reading):
                selector.register(stream, selectors.EVENT_READ)
            deadline = time.monotonic() + timeout_s
            while len(answers) < len(texts):
                for key, _ in selector.select(max(0.0, deadline - time.monotonic())):
                    if key.fileobj is self._input:
                        unsent = unsent[self._write(unsent, answers) :]
                        if not unsent:
                            selector.unregister(self._input)
                    elif key.fileobj is self._output:
                        *whole, started = (started + self._read(answers)).split(b"\0")
                        answers.extend(whole)
                        deadline = time.monotonic() + timeout_s if whole else deadline
                    elif not (self._watched if key.fileobj is self._watched.reading else self._others).read():
                        selector.unregister(key.fileobj)
                if time.monotonic() >= deadline and len(answers) < len(texts):
                    self._break(f"no answer within {timeout_s:g} s", answers)
        if len(answers) > len(texts) or started:
            self._break(f"{len(answers)} answers for {len(texts)} texts", [])
        return answers

    def take_messages(self) -> str:
        """Return what the watched program has said on its error stream since the last call."""
        return self._watched.take()

    def close(self) -> None:
        """End the programs; nothing is under way between two exchanges. May be called more than once."""
        streams: list[IO[bytes] | None] = [process.stdin for process in self._processes[:1]]
        streams += [process.stdout for process in self._processes[-1:]]
        for stream in streams:
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        for process in self._processes:
            process.kill()
        for process in self._processes:
            process.wait()
        self._processes = []
        self._watched.close()
        self._others.close()

    def _start(self, command: Sequence[str], messages: Messages) -> None:
        before = self._processes[-1].stdout if self._processes else None
        self._processes.append(
            subprocess.Popen(
                list(command),
                stdin=subprocess.PIPE if before is None else before,
                stdout=subprocess.PIPE,
                stderr=messages.writing,
                bufsize=0,
                env={**os.environ, "LC_ALL": "C.UTF-8"},
                process_group=0,  # Ctrl-C is for us; the batch that is under way is finished and kept
            )
        )
        if before is not None:
            before.close()

    def _write(self, unsent: memoryview, answers: list[bytes]) -> int:
        try:
            return os.write(self._input.fileno(), unsent[:_CHUNK_BYTES])
        except BlockingIOError:
            return 0
        except OSError:
            self._break("a program ended", answers)

    def _read(self, answers: list[bytes]) -> bytes:
        try:
            read = os.read(self._output.fileno(), _CHUNK_BYTES)
        except BlockingIOError:
            return b""
        if not read:
            self._break("a program ended", answers)
        return read

    def _break(self, reason: str, answers: list[bytes]) -> NoReturn:
        said = self._others.take().strip().splitlines()
        self.close()
        raise Broken(f"{reason} ({said[-1]})" if said else reason, answers)


def _require(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise EngineError("A program was started without pipes.")
    return stream
