"""What HTTP says, in taco's terms."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taco.errors import EngineBusy, EngineError
from taco.remote.faults import Service, describe_body, find_status_fault, read_retry_after
from taco.remote.keys import Key, read_key

NOW = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("120", 120.0),
        ("1.5", 1.5),
        ("-5", 0.0),
        ("Tue, 03 Feb 2026 04:06:06 GMT", 60.0),
        ("Tue, 03 Feb 2026 04:06:06 -0000", 60.0),
        ("Tue, 03 Feb 2026 05:06:06 +0100", 60.0),
        ("Mon, 02 Feb 2026 04:05:06 GMT", 0.0),
        ("nan", None),
        ("inf", None),
        ("", None),
        ("tomorrow", None),
        (None, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str | None, seconds: float | None) -> None:
    assert read_retry_after(value, now=NOW) == seconds


@given(st.text())
def test_any_header_and_any_body_are_borne(text: str) -> None:
    assert read_retry_after(text) is None or read_retry_after(text) >= 0.0
    described = describe_body(text)
    assert described and len(described) <= 220
    assert all(sign.isprintable() for sign in described)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('{"error": {"code": 400, "message": "Bad language pair: en|xx"}}', "Bad language pair: en|xx"),
        ('{"error": "Slowdown: 10 per 1 minute"}', "Slowdown: 10 per 1 minute"),
        ('{"message": "Bad request", "detail": "x"}', "Bad request"),
        (
            '{"message": "Bad Request", "explanation": "That pair is not installed"}',
            "Bad Request: That pair is not installed",
        ),
        ('{"other": 1}', '{"other": 1}'),
        ("plain \x1b[31m text\n", "plain [31m text"),
        ("<html><body>x</body></html>", "an HTML page"),
        ("[" * 100_000, "[" * 199 + "…"),
    ],
)
def test_what_a_service_says_is_found(body: str, said: str) -> None:
    assert describe_body(body) == said


def test_a_key_in_what_a_service_says_is_hidden() -> None:
    service = Service(name="deepl", key=Key("DEEPL_API_KEY", "abc:fx"))
    error = find_status_fault(service, 403, '{"message": "no such key: abc:fx"}')
    assert error is not None
    assert "abc:fx" not in str(error)
    assert "no such key: ***" in error.message
    assert "DEEPL_API_KEY" in error.hint
    assert "abc:fx" not in repr(service)


def test_no_part_of_a_key_is_shown_where_an_answer_is_cut_short() -> None:
    service = Service(name="deepl", key=Key("DEEPL_API_KEY", "k3y-of-the-account"))
    for length in range(170, 200):
        error = find_status_fault(service, 403, "x" * length + "k3y-of-the-account")
        assert error is not None
        assert "k3y" not in str(error)


def test_a_service_that_asks_for_a_long_wait_ends_the_run() -> None:
    service = Service(name="x")
    assert isinstance(find_status_fault(service, 429, "", retry_after="3600"), EngineBusy)
    error = find_status_fault(service, 429, "", retry_after="86400")
    assert type(error) is EngineError
    assert "It asks to wait for 24.0 hours" in error.message
    assert "what is done is kept" in error.hint


def test_success_is_no_fault() -> None:
    assert find_status_fault(Service(name="x"), 204, "") is None


def test_unknown_server_errors_are_busy() -> None:
    assert isinstance(find_status_fault(Service(name="x"), 529, "overloaded"), EngineBusy)


@pytest.mark.parametrize("value", ["", "  ", "two words", "naïve", "line\nbreak", "tab\there"])
def test_what_is_no_key_is_refused_without_showing_it(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("SOME_KEY", value)
    with pytest.raises(EngineError) as caught:
        read_key("SOME_KEY", name="deepl")
    assert "SOME_KEY" in caught.value.message and "deepl" in str(caught.value)
    assert not value.strip() or value.strip() not in str(caught.value)


def test_space_around_a_key_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_KEY", " abc\n")
    assert read_key("SOME_KEY", name="deepl").secret == "abc"
