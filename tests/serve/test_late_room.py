"""A place that becomes free by itself, some time after its answer was given up, is found."""

from __future__ import annotations

from pathlib import Path

from served_runs import make_run, start_server

from taco.generate.backend import Refusal
from taco.generate.echo_session import EchoSession
from taco.generate.options import EchoOptions
from taco.generate.session import Ask, SessionSetup
from taco.model.options import ModelOptions
from taco.progress import SilentProgress
from taco.serve.options import ServeOptions
from taco.serve.served import read_served
from taco.serve.terminal import Terminal


class LateSession(EchoSession):
    """Has no room the first few times that it is asked, though nobody is in."""

    def __init__(self) -> None:
        setup = SessionSetup(model=ModelOptions(), adapters={}, cache=Path(), progress=SilentProgress())
        super().__init__(EchoOptions(seconds_per_token=0), setup=setup)
        self.asked = 0

    def join(self, ask: Ask) -> int | Refusal | None:
        self.asked += 1
        return super().join(ask) if self.asked > 3 else None


def test_the_server_asks_again_but_not_all_the_time(tmp_path: Path) -> None:
    session = LateSession()
    run = make_run(tmp_path / "demo-gl", "gl")
    with start_server([run], ServeOptions(port=0), session=session) as running:
        body = {"model": "auto", "messages": [{"role": "user", "content": "Ola"}]}
        reply = running.http.post("/v1/chat/completions", json=body)
        assert reply.json()["choices"][0]["message"]["content"] == "Ola"
    assert session.asked == 4


def test_the_terminal_asks_again(tmp_path: Path) -> None:
    session = LateSession()
    run = read_served(make_run(tmp_path / "demo-gl", "gl"))
    terminal = Terminal(run, session, max_tokens=99, folder=tmp_path, shows_chain=False)
    assert terminal._ask("Ola")
    assert session.asked == 4
