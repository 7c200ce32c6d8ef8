"""nginx before the service, with the configuration that ships, beside the driver."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.serving import DRIVER, children, cpu_seconds, free_port

SHIPPED = Path(__file__).resolve().parents[1] / "nginx"
_READY_SECONDS = 10.0
# All connections come from one address here.
_PER_ADDRESS = ("limit_conn connections 200", "limit_conn connections 60000")


@dataclass(frozen=True)
class Balancer:
    """A running nginx."""

    process: subprocess.Popen[bytes]
    url: str

    def cpu_seconds(self) -> float:
        """Return the processor time that it has used."""
        return sum(cpu_seconds(pid) for pid in children(self.process.pid))


@contextmanager
def balancing(port: int, folder: Path, *, bounded: bool) -> Iterator[Balancer]:
    """Run nginx before a service.

    Args:
        port: of the service, on 127.0.0.1.
        folder: for its files, which exists and is empty.
        bounded: whether it sends the service only so much at once as it does as it ships.
    """
    program = shutil.which("nginx", path="/usr/sbin:/sbin:/usr/bin:/usr/local/bin")
    if program is None:
        raise FileNotFoundError("nginx is missing: tools/system-deps nginx")
    own = free_port()
    conf = _configured(folder, port, own, bounded=bounded)
    command = [*DRIVER, program, "-p", str(folder), "-c", str(conf), "-g", "daemon off;"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        _wait_until_open(own, process)
        yield Balancer(process, f"http://127.0.0.1:{own}")
    finally:
        process.terminate()
        process.wait(timeout=30)


def _configured(folder: Path, port: int, own: int, *, bounded: bool) -> Path:
    """Copy the configuration with this machine's addresses, and return the file."""
    for file in SHIPPED.glob("*.conf"):
        text = file.read_text().replace("/tmp/", f"{folder}/")  # noqa: S108
        text = text.replace("listen 8080", f"listen 127.0.0.1:{own}").replace(*_PER_ADDRESS)
        # One, for the one thread that it has.
        text = text.replace("worker_processes auto", "user root; worker_processes 1")
        (folder / file.name).write_text(text)
    lines = (SHIPPED / "upstream.conf").read_text().splitlines()
    options = next(line for line in lines if line.startswith("server")).split(maxsplit=2)[2]
    if not bounded:
        options = " ".join(word for word in options.split() if not word.startswith("max_conns"))
    (folder / "upstream.conf").write_text(f"server 127.0.0.1:{port} {options}\n")
    return folder / "nginx.conf"


def _wait_until_open(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise RuntimeError("nginx did not begin to listen")
