"""nginx before services, with the configuration that ships."""

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.serving import free_port
from loadtest.processes import cpu_seconds, tree

SHIPPED = Path(__file__).resolve().parents[1] / "nginx"
_READY_SECONDS = 10.0


@dataclass(frozen=True)
class Balancer:
    """A running nginx."""

    process: subprocess.Popen[bytes]
    port: int

    @property
    def url(self) -> str:
        """Where it answers, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    def cpu_seconds(self) -> float:
        """Return the processor time that it has used."""
        return cpu_seconds(tree(self.process.pid))


@contextmanager
def balancing(
    servers: Sequence[str], folder: Path, edits: Mapping[str, str], bound: Sequence[str] = ()
) -> Iterator[Balancer]:
    """Run nginx before some servers.

    Args:
        servers: `host:port` each.
        folder: for its files, which exists.
        edits: of the configuration, see `configured`.
        bound: words before the command.
    """
    program = shutil.which("nginx", path="/usr/sbin:/sbin:/usr/bin:/usr/local/bin")
    if program is None:
        raise FileNotFoundError("nginx is missing: tools/system-deps nginx")
    port = free_port()
    conf = configured(servers, folder, port, edits)
    log = folder / "nginx.log"
    # A worker of root's nginx would be nobody, who may not enter the folder.
    user = "user root; " if os.geteuid() == 0 else ""
    command = [*bound, program, "-p", str(folder), "-c", str(conf), "-g", f"{user}daemon off;"]
    with log.open("w") as output:
        process = subprocess.Popen(command, stderr=output, stdout=output)
    try:
        _wait_until_open(port, process, log)
        yield Balancer(process, port)
    finally:
        process.terminate()
        process.wait(timeout=30)


def places() -> int:
    """Return how many requests nginx sends one server at once, the same for each."""
    (found,) = set(re.findall(r"max_conns=(\d+)", (SHIPPED / "upstream.conf").read_text()))
    return int(found)


def configured(servers: Sequence[str], folder: Path, port: int, edits: Mapping[str, str]) -> Path:
    """Copy our configuration to a folder, with other addresses and paths, and return its file.

    Args:
        servers: `host:port` each.
        folder: where nginx may write.
        port: where it listens, on 127.0.0.1.
        edits: what is replaced by what.

    Raises:
        ValueError: what is to be replaced is not there.
    """
    upstream = (SHIPPED / "upstream.conf").read_text().splitlines()
    options = next(line for line in upstream if line.startswith("server")).split(maxsplit=2)[2]
    texts = {file.name: file.read_text() for file in SHIPPED.glob("*.conf")}
    texts["upstream.conf"] = "".join(f"server {server} {options}\n" for server in servers)
    own = {"/tmp/": f"{folder}/", "listen 8080": f"listen 127.0.0.1:{port}"}  # noqa: S108
    for old, new in {**own, **edits}.items():
        if not any(old in text for text in texts.values()):
            raise ValueError(f"{old!r} is not in {SHIPPED}")
        texts = {name: text.replace(old, new) for name, text in texts.items()}
    for name, text in texts.items():
        (folder / name).write_text(text)
    return folder / "nginx.conf"


def _wait_until_open(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"nginx ended: {log.read_text()}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise TimeoutError(f"nginx does not listen: {log.read_text()}")
