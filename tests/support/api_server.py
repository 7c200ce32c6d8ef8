"""The part of Kubernetes's API that the service uses, over TLS, for tests without a cluster.

The real one answers the same calls in `tests/e2e/cluster/test_retraining.py`.
"""

import json
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

TEMPLATE = "mnist-mnist-api-retrain"
TOKEN = "a-token-of-the-kubelet"
_ROOT = "/apis/batch/v1/namespaces/digits/"


class ApiState:
    """What the cluster holds, and how the server behaves."""

    def __init__(self, account: Path, port: int) -> None:
        self.account = account
        self.port = port
        self.jobs: dict[str, dict[str, Any]] = {}
        self.has_template = True
        self.status: int | None = None
        """Instead of every answer."""

    def finish(self, name: str, kind: str, reason: str) -> None:
        condition = {"type": kind, "status": "True", "reason": reason}
        self.jobs[name]["status"] = {"conditions": [condition]}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body are written apart: the body would wait 40 ms for the head's acknowledgement.
    disable_nagle_algorithm = True
    state: ApiState

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        status, answer = self._answer(body)
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_DELETE = _serve  # noqa: N815

    def _answer(self, body: Any) -> tuple[int, Any]:
        state = self.state
        if state.status is not None:
            return state.status, {"message": "jobs is forbidden"}
        if self.headers["Authorization"] != f"Bearer {TOKEN}":
            return 401, {"message": "Unauthorized"}
        kind, _, name = self.path.removeprefix(_ROOT).partition("/")
        if (kind, name, self.command) == ("cronjobs", TEMPLATE, "GET") and state.has_template:
            return 200, cron_job()
        if (kind, self.command) == ("jobs", "POST"):
            state.jobs[body["metadata"]["name"]] = body
            return 201, body
        if kind == "jobs" and name in state.jobs:
            job = state.jobs[name]
            if self.command == "DELETE":
                del state.jobs[name]
            return 200, job
        return 404, {"message": "not found"}

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""


def cron_job() -> dict[str, Any]:
    """Return a template such as the chart's."""
    containers = [{"name": "train", "image": "mnist-api:train", "args": ["--ask", "svm"]}]
    pod = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": containers}}
    job = {"metadata": {"labels": {"a": "b"}}, "spec": {"backoffLimit": 0, "template": pod}}
    return {"metadata": {"name": TEMPLATE, "uid": "1-2-3"}, "spec": {"jobTemplate": job}}


@contextmanager
def running_api_server(folder: Path) -> Iterator[ApiState]:
    """Serve, and make the account's folder as a kubelet does."""
    key, certificate = folder / "key.pem", folder / "ca.crt"
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"]
    subject = ["-subj", "/CN=kubernetes", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*make, *subject, *files], check=True, capture_output=True)
    (folder / "token").write_text(TOKEN)
    (folder / "namespace").write_text("digits")
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate, key)
        server.socket = tls.wrap_socket(server.socket, server_side=True)
        state = ApiState(folder, server.server_address[1])
        server.RequestHandlerClass = type("Handler", (_Handler,), {"state": state})
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield state
        finally:
            server.shutdown()
            thread.join()
