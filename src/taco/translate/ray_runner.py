"""Translating shards on a Ray cluster.

Workers are actors on any node. They are given rows and give back parts, so nodes need no common file system; the
translation memory is kept by one actor on the node that drives the run. Results and files are those of a local run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from taco.errors import EngineError
from taco.progress import Progress, Task
from taco.store.memory import Budget, Remembered, TranslationMemory
from taco.translate.metering import SilentMeter
from taco.translate.runner import Runner, note_death
from taco.translate.shards import Part, Shard
from taco.translate.worker import Job, Worker


class MemoryKeeper:
    """Keeps the memory for all workers; an actor on the driver's node."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._open: dict[str, TranslationMemory] = {}

    def look_up(self, signature: str, texts: Sequence[str]) -> dict[str, Remembered]:
        return self._find(signature).look_up(texts)

    def record_sent(self, signature: str, texts: Sequence[str], *, run: str, usd: float, budget: Budget | None) -> int:
        return self._find(signature).record_sent(texts, run=run, usd=usd, budget=budget)

    def record_failed(self, signature: str, batch: int) -> None:
        self._find(signature).record_failed(batch)

    def store(
        self,
        signature: str,
        batch: int,
        translations: Mapping[str, Remembered],
        *,
        usd: float | None,
        budget: Budget | None,
    ) -> None:
        self._find(signature).store(batch, translations, usd=usd, budget=budget)

    def _find(self, signature: str) -> TranslationMemory:
        if signature not in self._open:
            self._open[signature] = self._job.open_memory(signature)
        return self._open[signature]


class KeptMemory:
    """The memory as a worker sees it: every call goes to the keeper. Has the form of `sender.Memory`.

    Args:
        keeper: The actor.
        signature: The engine's signature.
    """

    def __init__(self, keeper: Any, signature: str) -> None:
        self._keeper, self._signature = keeper, signature

    def look_up(self, texts: Sequence[str]) -> dict[str, Remembered]:
        return self._ask("look_up", list(texts))  # type: ignore[no-any-return]

    def record_sent(self, texts: Sequence[str], *, run: str, usd: float, budget: Budget | None) -> int:
        return int(self._ask("record_sent", list(texts), run=run, usd=usd, budget=budget))

    def record_failed(self, batch: int) -> None:
        self._ask("record_failed", batch)

    def store(
        self, batch: int, translations: Mapping[str, Remembered], *, usd: float | None, budget: Budget | None
    ) -> None:
        self._ask("store", batch, dict(translations), usd=usd, budget=budget)

    def close(self) -> None:
        """The keeper goes on."""

    def _ask(self, method: str, *values: Any, **named: Any) -> Any:
        import ray

        return _unwrap(lambda: ray.get(getattr(self._keeper, method).remote(self._signature, *values, **named)))


class RayWorker:
    """A worker as an actor; one that has no engine says so when it is asked, as Ray does not hand on why an actor died."""

    def __init__(self, job: Job, keeper: Any) -> None:
        try:
            self._worker: Worker | EngineError = Worker(
                job,
                meter=SilentMeter(),
                say=lambda line: None,
                open_memory=lambda signature: KeptMemory(keeper, signature),
            )
        except EngineError as error:
            self._worker = error

    def translate(self, shard: Shard) -> Part:
        if isinstance(self._worker, EngineError):
            raise self._worker
        return self._worker.translate(shard)


@contextmanager
def open_ray(job: Job, *, progress: Progress, task: Task) -> Iterator[Runner]:
    """Connect to the cluster, or start one on this machine.

    Raises:
        EngineError: Ray is not installed, or the cluster cannot be reached.
    """
    try:
        import ray
    except ImportError as error:
        raise EngineError(
            'translate.runner = "ray" needs Ray, which is not installed.',
            hint="Install taco-llm[scale]: pip install 'taco-llm[scale]'",
        ) from error
    was_there = ray.is_initialized()
    if not was_there:
        try:
            ray.init(address=job.options.ray_address, log_to_driver=False, include_dashboard=False)
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise EngineError(
                f"The Ray cluster cannot be reached: {error}", hint="See translate.ray_address."
            ) from error
    try:
        runner = _RayRunner(job, task)
        yield runner
        runner.close()
    finally:
        if not was_there:
            ray.shutdown()


class _RayRunner:
    def __init__(self, job: Job, task: Task) -> None:
        import ray

        self._ray, self._job, self._task = ray, job, task
        here = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(
            ray.get_runtime_context().get_node_id(), soft=False
        )
        self._keeper = ray.remote(MemoryKeeper).options(num_cpus=0, scheduling_strategy=here).remote(job)
        self._idle = [self._start_worker() for _ in range(job.options.processes)]
        self._deaths: Counter[str] = Counter()

    def map(self, shards: Iterable[Shard]) -> Iterator[Part]:
        left = iter(shards)
        again: list[Shard] = []
        under_way: dict[Any, tuple[Any, Shard]] = {}
        while True:
            while self._idle and (shard := again.pop() if again else next(left, None)) is not None:
                worker = self._idle.pop()
                under_way[worker.translate.remote(shard)] = (worker, shard)
            if not under_way:
                return
            (reference,), _ = self._ray.wait(list(under_way), num_returns=1)
            worker, shard = under_way.pop(reference)
            try:
                part = _unwrap(lambda reference=reference: self._ray.get(reference))
            except self._ray.exceptions.ActorDiedError as error:
                note_death(self._deaths, shard, error)
                again.append(shard)
                self._idle.append(self._start_worker())
            else:
                self._idle.append(worker)
                self._task.advance(len(shard.lines))
                yield part

    def close(self) -> None:
        for actor in (*self._idle, self._keeper):
            self._ray.kill(actor)

    def _start_worker(self) -> Any:
        return self._ray.remote(RayWorker).options(num_cpus=1).remote(self._job, self._keeper)


def _unwrap(ask: Any) -> Any:
    """Let an error of taco's own come out as it was raised on the other side."""
    import ray

    try:
        return ask()
    except ray.exceptions.RayTaskError as error:
        raise error.cause from error
