"""The load generators: wrk and ab close the loop, vegeta keeps a rate whatever the answers do.

By vegeta's library (`poisson/`), at random times as independent clients do: at its command's even
distances hardly any queue comes up, and its clock is late by as much as eight answers take.

Vegeta, of those that keep a rate, since one command of Go's builds it, its last release is recent
and it records every request; so we count latency from the moment a request was due, not from when
a starved generator came to send it. (wrk2 has had no release for years, oha builds for ten times as
long, k6 is under the AGPL.)
"""

import json
import re
import subprocess
import sys
import tempfile
from base64 import b64encode
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from loadtest.cores import ahead, driver_cores, pinned

POISSON = Path(__file__).resolve().parent / ".bin" / "poisson"
# Seconds until a generator is given up; none is to send for so long.
_LONGEST = 600
LOCUSTFILE = Path(__file__).resolve().parent / "locustfile.py"
Floats = NDArray[np.float64]
T = TypeVar("T")
# Rotating bodies, so that neither the branch predictor nor a cache learns one digit by heart.
_SCRIPT = """
local bodies = {{}}
for line in io.lines("{bodies}") do bodies[#bodies + 1] = line end
local at = 0
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
{host}
request = function()
    at = at % #bodies + 1
    return wrk.format(nil, nil, nil, bodies[at])
end
"""


class Closed(msgspec.Struct, frozen=True):
    """A closed loop: each connection asks when it has its answer."""

    rate: float
    errors: int
    raw: str


class Open(msgspec.Struct, frozen=True):
    """A rate that is kept. Times are from when a request was due; `sent_p99`, from its sending."""

    rate: float
    requests: int
    errors: int
    p50_ms: float
    p99_ms: float
    sent_p99_ms: float
    max_ms: float
    late_ms: float
    """By how much the generator was late itself, as 99th percentile."""


def wrk(
    url: str,
    bodies: Sequence[bytes],
    seconds: float,
    connections: int = 8,
    host: str | None = None,
) -> Closed:
    """Ask as fast as the answers come."""
    threads = min(len(driver_cores()), max(1, connections // 8))
    with tempfile.TemporaryDirectory() as folder:
        lines = Path(folder) / "bodies.txt"
        lines.write_bytes(b"\n".join(bodies))
        script = Path(folder) / "script.lua"
        script.write_text(
            _SCRIPT.format(bodies=lines, host=f'wrk.headers["Host"] = "{host}"' if host else "")
        )
        command = [
            "wrk",
            f"-t{threads}",
            f"-c{connections}",
            f"-d{max(1, round(seconds))}s",
            "--timeout",
            "20s",
            "-s",
        ]
        raw = _output([*command, str(script), url])
    match = re.search(r"Requests/sec:\s+([\d.]+)", raw)
    if match is None:
        raise RuntimeError(f"wrk said nothing of its rate: {raw}")
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", raw)
    broken = re.search(r"connect (\d+), read (\d+), write (\d+), timeout (\d+)", raw)
    errors = int(refused[1]) if refused else 0
    return Closed(float(match[1]), errors + sum(map(int, broken.groups() if broken else ())), raw)


def ab(url: str, body: bytes, seconds: int, concurrency: int, *, keep_alive: bool) -> Closed:
    """Ask by Apache's ab, which sends one body again and again; no more than 50,000 times."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(body)
        file.flush()
        keep = ["-k"] if keep_alive else []
        command = ["ab", "-q", *keep, f"-t{seconds}", f"-c{concurrency}", "-s20", "-p", file.name]
        raw = _output([*command, "-T", "application/json", url])
    rate = re.search(r"Requests per second:\s+([\d.]+)", raw)
    failed = re.search(r"Failed requests:\s+(\d+)", raw)
    refused = re.search(r"Non-2xx responses:\s+(\d+)", raw)
    if failed is None:
        raise RuntimeError(f"ab said nothing of its answers: {raw}")
    # Of no answer at all within its time, ab gives no rate.
    return Closed(
        float(rate[1]) if rate else 0.0, int(failed[1]) + (int(refused[1]) if refused else 0), raw
    )


def poisson(
    url: str,
    bodies: Sequence[bytes],
    rate: float,
    seconds: float,
    host: str | None = None,
    seed: int = 1,
) -> tuple[Open, Floats]:
    """Ask at random times, as many clients do that know nothing of each other.

    Returns:
        the summary, and each request's latency in ms from when it was due, float64 (n,).
    """
    attack = [*ahead(), *_poisson(rate, seconds, seed)]
    return summary(_attack([*attack, "-timeout=20s"], url, bodies, host).decode(), rate)


def locust(url: str, form: str, peak: int, length: float, record: Path, *options: str) -> list[str]:
    """Return the command that lets locust's users ask, and record every request.

    Args:
        url: the service.
        form: how the users come and go.
        peak: most of them at once.
        length: seconds.
        record: the file that is written, see `loadtest.records`.
        options: others, and the classes of the users.
    """
    shape = ["--form", form, "--peak", str(peak), "--length", f"{length:g}"]
    command = [*pinned(driver_cores()), sys.executable, "-m", "locust", "--headless"]
    file = ["-f", str(LOCUSTFILE), "--only-summary", "--host", url, "--record", str(record)]
    return [*command, *file, *shape, *options]


def named(url: str, host: str | None) -> str:
    """Return a URL with a name in place of its address: what it names, locust asks."""
    return f"http://{host}:{url.rpartition(':')[2]}" if host else url


def middle(runs: Sequence[T], p99_ms: Callable[[T], float]) -> T:
    """Return the run of the middle p99, of an even number the upper one."""
    return sorted(runs, key=p99_ms)[len(runs) // 2]


def schedule(rate: float, seconds: float, seed: int) -> Floats:
    """Return when the requests of `poisson` are due: seconds, float64 (n,)."""
    command = [*_poisson(rate, seconds, seed), "-schedule"]
    rows = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return np.array([int(row) for row in rows.split()]) / 1e9


def _poisson(rate: float, seconds: float, seed: int) -> list[str]:
    return [str(POISSON), f"-rate={rate}", f"-duration={seconds:g}s", f"-seed={seed}"]


def summary(rows: str, rate: float) -> tuple[Open, Floats]:
    """Return what `poisson` gives, of its records: due, sent, status, latency; times in ns."""
    records = np.array([[*map(int, row.split(","))] for row in rows.split()])
    due, sent, codes, latencies = records.T
    # The clock of the schedule starts with the first request that was sent in time.
    due = due + (sent - due).min()
    late, since_due = (sent - due) / 1e6, (sent - due + latencies) / 1e6
    return Open(
        rate=rate,
        requests=len(codes),
        errors=int((codes != 200).sum()),
        p50_ms=float(np.percentile(since_due, 50)),
        p99_ms=float(np.percentile(since_due, 99)),
        sent_p99_ms=float(np.percentile(latencies, 99)) / 1e6,
        max_ms=float(since_due.max()),
        late_ms=float(np.percentile(late, 99)),
    ), since_due


def _attack(command: Sequence[str], url: str, bodies: Sequence[bytes], host: str | None) -> bytes:
    """Hand a generator its requests as vegeta reads them, and return its records."""
    header = {"Content-Type": ["application/json"], **({"Host": [host]} if host else {})}
    targets = "\n".join(
        json.dumps(
            {"method": "POST", "url": url, "header": header, "body": b64encode(body).decode()}
        )
        for body in bodies
    )
    bound = [*pinned(driver_cores()), *command]
    return subprocess.run(
        bound, input=targets.encode(), check=True, capture_output=True, timeout=_LONGEST
    ).stdout


def _output(command: Sequence[str]) -> str:
    bound = [*pinned(driver_cores()), *command]
    return subprocess.run(bound, check=True, capture_output=True, text=True).stdout
