"""A hub on the loopback interface that speaks the endpoints of an upload: create, preupload, LFS batch, PUT, commit.

Written after the requests that huggingface_hub 2.4 sends (hf_api.py, _commit_api.py, lfs.py of its source) and the Git LFS
batch protocol. It keeps what it was given, so that a test can look at it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import urlsplit

TOKEN = "hf_loopbackloopback"


class LoopbackHub:
    """The hub.

    Attributes:
        repos: Repository -> whether it is private.
        large: SHA-256 -> bytes of the files that came through LFS.
        files: Repository -> file -> bytes, after its commits.
        requests: "METHOD path" of all requests, in order.
        refuses: Path's end -> status to refuse it with.
    """

    def __init__(self) -> None:
        self.repos: dict[str, bool] = {}
        self.large: dict[str, bytes] = {}
        self.files: dict[str, dict[str, bytes]] = {}
        self.requests: list[str] = []
        self.refuses: dict[str, int] = {}
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def handle_any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                path = urlsplit(self.path).path
                hub.requests.append(f"{self.command} {path}")
                signed = path.startswith("/store/") or self.headers.get("Authorization") == f"Bearer {TOKEN}"
                refused = next((status for end, status in hub.refuses.items() if path.endswith(end)), 0)
                status, reply = (401, {"error": "who?"}) if not signed else (200, {})
                if refused:
                    status, reply = refused, {"error": f"no, {self.headers.get('Authorization')}"}
                elif signed:
                    reply = hub.answer(self.command, path, body)
                text = json.dumps(reply).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = do_PUT = handle_any  # noqa: N815 (names of http.server)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, method: str, path: str, body: bytes) -> Any:
        """Return what the hub says to a request, and do what it asks for."""
        if path == "/api/repos/create":
            asked = json.loads(body)
            name = f"{asked['organization']}/{asked['name']}"
            self.repos.setdefault(name, asked.get("visibility") == "private")
            return {"url": f"{self.url}/{name}"}
        if path == "/api/validate-yaml":
            return {"errors": [], "warnings": []}
        if path.endswith("/info/lfs/objects/batch"):
            return {"transfer": "basic", "objects": [self._offer(one) for one in json.loads(body)["objects"]]}
        if path.startswith("/store/"):
            self.large[hashlib.sha256(body).hexdigest()] = body
            return {}
        if "/preupload/" in path:
            files = [one["path"] for one in json.loads(body)["files"]]
            large = (".safetensors", ".gguf", ".bin", ".parquet")
            modes = {name: "lfs" if name.endswith(large) else "regular" for name in files}
            return {"files": [{"path": name, "uploadMode": modes[name], "shouldIgnore": False} for name in files]}
        if "/commit/" in path:
            return self._commit(path, body)
        raise AssertionError(f"{method} {path} is not spoken here")

    def _offer(self, one: dict[str, Any]) -> dict[str, Any]:
        if one["oid"] in self.large:
            return one  # it is here: nothing to do
        return {**one, "actions": {"upload": {"href": f"{self.url}/store/{one['oid']}"}}}

    def _commit(self, path: str, body: bytes) -> Any:
        name = "/".join(path.split("/")[3:5])
        files = self.files.setdefault(name, {})
        for line in body.splitlines():
            record = json.loads(line)
            value = record["value"]
            if record["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif record["key"] == "lfsFile":
                files[value["path"]] = self.large[value["oid"]]
        return {"commitUrl": f"{self.url}/{name}/commit/{'0' * 40}", "commitOid": "0" * 40, "success": True}
