"""What the server counts, in Prometheus' form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from taco.records import Repair
from taco.serve.engine import Engine

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250)
"""Upper ends of the histograms' classes, in seconds."""

PATHS = frozenset(
    {"/", "/health", "/metrics", "/v1/models", "/v1/chat/completions", "/v1/completions", "/taco/feedback"}
)


class Figures:
    """Counters of one server.

    Args:
        engine: Whose queue is shown.
    """

    def __init__(self, engine: Engine) -> None:
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "taco_requests", "Requests by endpoint and status", ["endpoint", "status"], registry=self._registry
        )
        self.answers = Counter("taco_answers", "Answers by run and end", ["model", "finish"], registry=self._registry)
        self.tokens = Counter(
            "taco_tokens",
            "Tokens by run and section, the prompt's as `prompt`",
            ["model", "section"],
            registry=self._registry,
        )
        self.repairs = Counter(
            "taco_repairs",
            "Repairs of the chain guard by run, kind and what they did",
            ["model", "kind", "outcome"],
            registry=self._registry,
        )
        self.steps = Counter(
            "taco_engine_texts",
            "Texts given to a translation engine by run, step and what became of them",
            ["model", "step", "outcome"],
            registry=self._registry,
        )
        self.first_token = Histogram(
            "taco_first_token_seconds", "From request to first token", buckets=SECONDS, registry=self._registry
        )
        self.first_answer = Histogram(
            "taco_first_answer_seconds",
            "From request to first character of the target section",
            buckets=SECONDS,
            registry=self._registry,
        )
        self.seconds = Histogram(
            "taco_answer_seconds", "From request to end of the answer", buckets=SECONDS, registry=self._registry
        )
        Gauge("taco_live_answers", "Answers that grow", registry=self._registry).set_function(lambda: engine.live)
        Gauge("taco_waiting_requests", "Requests that wait", registry=self._registry).set_function(
            lambda: engine.waiting
        )

    def count_reply(self, path: str, status: int) -> None:
        """Count a reply; paths that are none of the server's are counted together."""
        self.requests.labels(path if path in PATHS else "other", str(status)).inc()

    def count_answer(self, model: str, *, finish: str, prompt_tokens: int, sections: Mapping[str, int]) -> None:
        """Count a finished answer."""
        self.answers.labels(model, finish or "given-up").inc()
        self.tokens.labels(model, "prompt").inc(prompt_tokens)
        for name, tokens in sections.items():
            self.tokens.labels(model, name).inc(tokens)

    def count_repairs(self, model: str, repairs: Sequence[Repair]) -> None:
        """Count what the chain guard did to an answer."""
        for repair in repairs:
            self.repairs.labels(model, repair.kind, repair.outcome).inc()

    def count_step(self, model: str, step: str, outcome: str) -> None:
        """Count a text that a translation engine was given; see `taco.serve.steps.Count`."""
        self.steps.labels(model, step, outcome).inc()

    def render(self) -> bytes:
        """Return all figures as text."""
        return generate_latest(self._registry)
