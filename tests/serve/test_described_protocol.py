"""Requests made from the server's own OpenAPI description, valid ones and broken ones: each gets a documented reply."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("schemathesis", reason="needs the extra [dev]")

import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, status_code_conformance
from served_runs import Running

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance]


@pytest.mark.slow
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_every_reply_is_as_described(server: Running, mode: GenerationMode) -> None:
    described = schemathesis.openapi.from_url(f"{server.url}/openapi.json")
    tried: dict[str, set[int]] = {}
    for found in described.get_all_operations():
        operation = found.ok()
        if mode is GenerationMode.NEGATIVE and not operation.body:
            continue  # nothing of such a request can be broken

        @settings(
            max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def check(case: Any) -> None:
            reply = case.call_and_validate(checks=CHECKS, timeout=20)
            tried.setdefault(case.operation.label, set()).add(reply.status_code)

        check()
    posts = {label: statuses for label, statuses in tried.items() if label.startswith("POST")}
    assert len(posts) == 3
    assert all(400 in statuses for statuses in posts.values())
