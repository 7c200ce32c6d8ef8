"""What the doctor examines: each check returns a sentence, with what to do if it is wrong."""

import json
import platform
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from time import perf_counter

from pymemcache.client.base import Client as MemcacheClient
from pymemcache.exceptions import MemcacheError

from mnist_api.cache.addresses import Address, lookup, parse_addresses
from mnist_api.commands.exits import Exit
from mnist_api.environment import traces_endpoint
from mnist_api.errors import WeightsError

_PACKAGES = ("mnist-api", "gunicorn", "falcon", "ai-edge-litert", "numpy", "pillow", "msgspec")
_GETS = 50


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's report."""

    subject: str
    sentence: str
    exit_code: Exit = Exit.OK

    def __str__(self) -> str:
        """Return the line."""
        return f"{'wrong' if self.exit_code else 'ok':<6}{self.subject:<10} {self.sentence}"


def check_versions() -> Finding:
    """Tell which versions are installed."""
    try:
        found = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    except PackageNotFoundError as error:
        return Finding(
            "versions",
            f"{error.name} is not installed. Install mnist-api again, with its dependencies.",
            Exit.CONFIGURATION,
        )
    return Finding("versions", f"{found}, Python {platform.python_version()}")


def check_weights(folder: Path) -> Finding:
    """Load every model as a worker would, and let it answer once."""
    # Imported here, as numpy and LiteRT come with it: a package that is missing is told before.
    from mnist_api.models.catalog import load_catalog  # noqa: PLC0415

    start = perf_counter()
    try:
        catalog = load_catalog(folder)
    except WeightsError as error:
        return Finding(
            "weights",
            f"{error}. Set MNIST_API_WEIGHTS to a folder with manifest.json and its model files.",
            Exit.CONFIGURATION,
        )
    models = ", ".join(
        f"{model.name} {model.entry.version} ({model.entry.holdout.accuracy:.2%})"
        for model in catalog
    )
    return Finding("weights", f"{models}: loaded and asked in {perf_counter() - start:.2f} s")


def check_memcached(addresses: str, timeout: float) -> Iterator[Finding]:
    """Time each server of the shared cache."""
    if not addresses:
        yield Finding("memcached", "none is set; each process remembers for itself")
    for host, port in parse_addresses(addresses):
        found = lookup(host, port)
        if not found:
            yield Finding(
                "memcached",
                f"the name {host} is not known. Correct MNIST_API_MEMCACHED; meanwhile the service "
                "serves without a shared cache.",
                Exit.UNAVAILABLE,
            )
        for address in sorted(set(found)):
            yield _time_memcached(address, timeout)


def _time_memcached(address: Address, timeout: float) -> Finding:
    name = f"{address[0]}:{address[1]}"
    client = MemcacheClient(address, connect_timeout=timeout, timeout=timeout, no_delay=True)
    times = []
    try:
        for _ in range(_GETS):
            start = perf_counter()
            client.get(b"mnist-api-doctor")
            times.append(perf_counter() - start)
    except (OSError, MemcacheError) as error:
        return Finding(
            "memcached",
            f"{name} does not answer within {timeout} s ({_reason(error)}). Start it, or correct "
            "MNIST_API_MEMCACHED; meanwhile the service serves without it.",
            Exit.UNAVAILABLE,
        )
    finally:
        client.close()
    return Finding("memcached", f"{name} answers in {median(times) * 1e6:.0f} us")


def check_address(bind: str) -> Finding:
    """Tell whether the address is free, or who holds it."""
    if bind.startswith("unix:"):
        folder = Path(bind.removeprefix("unix:")).parent
        if folder.is_dir():
            return Finding("address", f"{bind}: the folder is there")
        return Finding("address", f"there is no folder {folder} for {bind}", Exit.CONFIGURATION)
    host, _, port = bind.rpartition(":")
    host = host.strip("[]")
    if port == "0":
        return Finding("address", f"{bind} takes any free port")
    if _serves_us(host, int(port)):
        return Finding("address", f"mnist-api serves at {bind} already; a second needs another")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, int(port)))
    except (OSError, OverflowError) as error:
        return Finding(
            "address",
            f"{bind} cannot be listened on ({_reason(error)}). Stop what holds it, or set "
            "MNIST_API_BIND.",
            Exit.CONFIGURATION,
        )
    return Finding("address", f"{bind} is free")


def _reason(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).lower()


def _serves_us(host: str, port: int) -> bool:
    # What listens on every address answers on the machine's own.
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    try:
        connection = HTTPConnection(host, port, timeout=1)
        connection.request("GET", "/readyz")
        answer = json.loads(connection.getresponse().read(65_536))
    except (OSError, OverflowError, HTTPException, ValueError):
        return False
    finally:
        connection.close()
    return isinstance(answer, dict) and answer.get("status") == "ready"


def check_traces(environ: Mapping[str, str]) -> Finding:
    """Tell whether traces would be sent."""
    endpoint = traces_endpoint(environ)
    if endpoint is None:
        return Finding("traces", "off; OTEL_EXPORTER_OTLP_ENDPOINT switches them on")
    try:
        exporter = version("opentelemetry-exporter-otlp-proto-http")
    except PackageNotFoundError:
        return Finding(
            "traces",
            f"{endpoint} is to get them, but OpenTelemetry is not installed: "
            "pip install 'mnist-api[otel]'; meanwhile the service serves without traces.",
            Exit.CONFIGURATION,
        )
    return Finding("traces", f"sent to {endpoint} by exporter {exporter}")
