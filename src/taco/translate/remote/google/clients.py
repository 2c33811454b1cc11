"""Google's two clients behind one function: Basic (v2) and Advanced (v3, over REST), one attempt a call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from taco.errors import EngineError
from taco.remote.faults import Service, check_count
from taco.remote.keys import Key
from taco.remote.libraries import import_library
from taco.translate.remote.google.options import GoogleOptions

NAME = "google"

NO_CREDENTIALS = (
    "Run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS to the file of a service "
    'account. With version = "v2" a key does too: name its environment variable with api_key_env.'
)

_SCOPE = "https://www.googleapis.com/auth/cloud-platform"

Translate = Callable[[Sequence[str]], list[str]]
"""Makes one call of the service; raises what the clients raise, and `EngineError`."""


def open_basic(options: GoogleOptions, pair: tuple[str, str], service: Service) -> tuple[Translate, Callable[[], None]]:
    library = import_library("google.cloud.translate_v2", name=NAME, extra="google")
    transport = import_library("google.auth.transport.requests", name=NAME, extra="google")
    credentials = _make_key_credentials(service.key) if service.key else _find_credentials()[0]
    session = transport.AuthorizedSession(credentials)
    _mount(session, options, service)
    settings = {"api_endpoint": options.endpoint} if options.endpoint else None
    client = library.Client(credentials=credentials, _http=session, client_options=settings)

    def call(texts: Sequence[str]) -> list[str]:
        try:
            answers = client.translate(
                list(texts), source_language=pair[0], target_language=pair[1], format_="text", model="nmt"
            )
        except ValueError as error:
            if len(error.args) == 3:  # a message, the texts and their answers, of another number
                check_count(service, len(error.args[2]), len(texts))
            raise
        return [answer["translatedText"] for answer in answers]

    return call, session.close


def open_advanced(
    options: GoogleOptions, pair: tuple[str, str], service: Service
) -> tuple[Translate, Callable[[], None]]:
    library = import_library("google.cloud.translate_v3", name=NAME, extra="google")
    credentials, found = _find_credentials()
    project = options.project or found
    if not project:
        raise EngineError(
            "The engine google needs a project for v3, and the credentials name none.",
            hint='Set project = "..." in [translate.options].',
        )
    settings = {"api_endpoint": options.endpoint} if options.endpoint else None
    client = library.TranslationServiceClient(credentials=credentials, transport="rest", client_options=settings)
    _mount(client.transport._session, options, service)
    request: dict[str, Any] = {
        "parent": f"projects/{project}/locations/{options.location}",
        "mime_type": "text/plain",
        "source_language_code": pair[0],
        "target_language_code": pair[1],
    }

    def call(texts: Sequence[str]) -> list[str]:
        response = client.translate_text(
            request={**request, "contents": list(texts)}, retry=None, timeout=options.timeout_s
        )
        return [answer.translated_text for answer in response.translations]

    return call, client.transport.close


def _mount(session: Any, options: GoogleOptions, service: Service) -> None:
    from taco.translate.remote.one_attempt import OneAttempt, mount

    mount(session, OneAttempt(service, timeout_s=options.timeout_s, connections=options.parallel_calls))


def _make_key_credentials(key: Key) -> Any:
    """Let the key travel in a header; in the address, where the client would put it, it might be logged."""
    return import_library("google.auth.api_key", name=NAME, extra="google").Credentials(key.secret)


def _find_credentials() -> tuple[Any, str | None]:
    """Return the application default credentials and their project, None where they name none."""
    auth = import_library("google.auth", name=NAME, extra="google")
    try:
        credentials, project = auth.default(scopes=[_SCOPE])
    except auth.exceptions.GoogleAuthError as error:
        raise EngineError(f"Google finds no credentials: {error}", hint=NO_CREDENTIALS) from None
    return credentials, project
