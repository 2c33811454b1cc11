"""A server for this process alone, on a free loopback port."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from taco.errors import ModelError
from taco.generate.session import Session
from taco.serve.options import ServeOptions
from taco.serve.run import BACKLOG, bind, build_server, require_server_libraries
from taco.serve.served import Menu, read_served

_START_S = 60.0


@contextmanager
def serve_loopback(folder: Path, session: Session) -> Iterator[int]:
    """Serve a run in a thread of its own, and give the port; feedback is thrown away.

    Args:
        folder: The run folder.
        session: Its model; closed at the end.

    Raises:
        ModelError: The server does not start, or the extra [serve] is not installed.
    """
    require_server_libraries()
    options, is_up = ServeOptions(port=0), threading.Event()
    with TemporaryDirectory(prefix="taco-loopback-") as kept, closing(bind(options)) as listening:
        menu = Menu([read_served(folder)])
        server = build_server(menu, session, options=options, feedback=Path(kept), on_start=is_up.set)
        listening.listen(BACKLOG)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            if not is_up.wait(_START_S):
                raise ModelError("The server did not start.")
            yield int(listening.getsockname()[1])
        finally:
            server.should_exit = True
            thread.join()
