"""Where shards are translated: in this process, in several of this machine, or on a Ray cluster.

A runner is a map: every shard comes back as one part, in any order. A worker that dies takes nothing with it but the
shards that it was at, which are given to another one.
"""

from __future__ import annotations

import multiprocessing
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from taco.errors import EngineError
from taco.progress import Progress, Task
from taco.translate.metering import SilentMeter, StreamMeter
from taco.translate.shards import Part, Shard
from taco.translate.worker import Job, Opened, Worker

DEATHS = 3
"""Workers that may die on a shard before the stage fails."""


class Runner(Protocol):
    """Translates shards."""

    def map(self, shards: Iterable[Shard]) -> Iterator[Part]:
        """Yield the part of each shard, in any order.

        Raises:
            EngineError: An engine cannot go on, or workers keep dying.
        """


def open_runner(
    job: Job, *, progress: Progress, task: Task, opened: Opened | None = None
) -> AbstractContextManager[Runner]:
    """Open the runner that a recipe asks for.

    Args:
        job: What its workers do.
        progress: Takes lines for the user.
        task: Counts rows.
        opened: The chain of engines, where it is open already; it is used here, or closed and opened by each worker.
    """
    if opened and (job.options.runner == "ray" or job.options.processes > 1):
        opened.close()
    if job.options.runner == "ray":
        from taco.translate.ray_runner import open_ray

        return open_ray(job, progress=progress, task=task)
    if job.options.processes > 1:
        return _open_processes(job, progress=progress, task=task)
    return _open_here(job, opened, progress=progress, task=task)


class _HereRunner:
    def __init__(self, worker: Worker, meter: StreamMeter) -> None:
        self._worker, self._meter = worker, meter

    def map(self, shards: Iterable[Shard]) -> Iterator[Part]:
        return self._worker.map(shards, note_rows=self._meter.note_rows)


@contextmanager
def _open_here(job: Job, opened: Opened | None, *, progress: Progress, task: Task) -> Iterator[Runner]:
    meter = StreamMeter(task)
    with Worker(job, meter=meter, say=progress.say, open_memory=job.open_memory, opened=opened) as worker:
        yield _HereRunner(worker, meter)


@contextmanager
def _open_processes(job: Job, *, progress: Progress, task: Task) -> Iterator[Runner]:
    runner = _ProcessRunner(job, progress, task)
    try:
        yield runner
    finally:
        runner.close()


class _ProcessRunner:
    """Worker processes of this machine; the pool is made anew where one of them dies."""

    def __init__(self, job: Job, progress: Progress, task: Task) -> None:
        self._job, self._progress, self._task = job, progress, task
        self._pool: ProcessPoolExecutor | None = None
        self._deaths: Counter[str] = Counter()

    def map(self, shards: Iterable[Shard]) -> Iterator[Part]:
        left = iter(shards)
        again: list[Shard] = []
        under_way: dict[Future[Part], Shard] = {}
        while True:
            while len(under_way) < self._job.options.processes + 1:
                shard = again.pop() if again else next(left, None)
                if shard is None:
                    break
                under_way[self._submit(shard)] = shard
            if not under_way:
                return
            done, _ = wait(under_way, return_when=FIRST_COMPLETED)
            for future in done:
                shard = under_way.pop(future)
                try:
                    part = future.result()
                except BrokenProcessPool as error:
                    note_death(self._deaths, shard, error)
                    again.append(shard)
                    self._drop_pool()
                else:
                    self._task.advance(len(shard.lines))
                    yield part

    def close(self) -> None:
        self._drop_pool()

    def _submit(self, shard: Shard) -> Future[Part]:
        try:
            return self._find_pool().submit(_translate_in_worker, shard)
        except BrokenProcessPool:  # a worker died while none of its shards was waited for
            self._drop_pool()
            return self._find_pool().submit(_translate_in_worker, shard)

    def _find_pool(self) -> ProcessPoolExecutor:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                self._job.options.processes,
                mp_context=multiprocessing.get_context("spawn"),
                initializer=_start_worker,
                initargs=(self._job,),
            )
        return self._pool

    def _drop_pool(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(cancel_futures=True)


def note_death(deaths: Counter[str], shard: Shard, error: BaseException) -> None:
    """Count that a worker died on a shard.

    Raises:
        EngineError: It was one too many.
    """
    deaths[shard.key] += 1
    if deaths[shard.key] > DEATHS:
        raise EngineError(
            f"{deaths[shard.key]} workers died while they had the shard {shard.key} "
            f"(rows {shard.first_line} to {shard.first_line + len(shard.lines) - 1}).",
            hint="Other shards are kept. Is there enough memory? Smaller shards (translate.shard_rows) show which row it is.",
        ) from error


_worker: Worker | EngineError | None = None
"""This process's worker, where it is one of a pool; or why it has none."""


def _start_worker(job: Job) -> None:
    global _worker  # noqa: PLW0603 (a pool hands its processes no other place)
    try:
        _worker = Worker(job, meter=SilentMeter(), say=lambda line: None, open_memory=job.open_memory)
    except EngineError as error:
        _worker = error


def _translate_in_worker(shard: Shard) -> Part:
    if isinstance(_worker, EngineError):
        raise _worker
    assert _worker is not None
    return _worker.translate(shard)
