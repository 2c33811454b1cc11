"""Requests made from the server's own OpenAPI description, valid ones and broken ones: each gets a documented reply."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from served_runs import Running


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["POSITIVE", "NEGATIVE"])
def test_every_reply_is_as_described(server: Running, kind: str) -> None:
    # Imported here only: it changes how hypothesis shows the values that a test failed with.
    schemathesis = pytest.importorskip("schemathesis", reason="needs the extra [dev]")
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi.checks import content_type_conformance, status_code_conformance

    checks = [not_a_server_error, status_code_conformance, content_type_conformance]
    mode = schemathesis.GenerationMode[kind]
    described = schemathesis.openapi.from_url(f"{server.url}/openapi.json")
    tried: dict[str, set[int]] = {}
    for found in described.get_all_operations():
        operation = found.ok()
        if kind == "NEGATIVE" and not operation.body:
            continue  # nothing of such a request can be broken

        @settings(
            max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def check(case: Any) -> None:
            reply = case.call_and_validate(checks=checks, timeout=20)
            tried.setdefault(case.operation.label, set()).add(reply.status_code)

        check()
    posts = {label: statuses for label, statuses in tried.items() if label.startswith("POST")}
    assert len(posts) == 3
    assert all(400 in statuses for statuses in posts.values())
