"""Full requests over a socket: wrk on one core, the server on the other, rounds interleaved."""

import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ADDRESS = "127.0.0.1:8077"
CONNECTIONS = 8
# Rotating bodies, so that neither the branch predictor nor a cache learns one digit by heart.
SCRIPT = """
local bodies = {{}}
for line in io.lines("{bodies}") do bodies[#bodies + 1] = line end
local at = 0
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
request = function()
    at = at % #bodies + 1
    return wrk.format(nil, nil, nil, bodies[at])
end
"""


@contextmanager
def serving(cache_bytes: int) -> Iterator[None]:
    """Run the service with `/noop` on one worker, pinned to the first core."""
    command = [Path(sys.executable).with_name("gunicorn"), "-c", "python:mnist_api.gunicorn_conf"]
    process = subprocess.Popen(
        ["taskset", "-c", "0", *command, "benchmarks.noop:application()"],
        env={**os.environ, "MNIST_API_BIND": ADDRESS, "MNIST_API_CACHE_BYTES": str(cache_bytes)},
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                urllib.request.urlopen(f"http://{ADDRESS}/readyz", timeout=1).close()
                break
            except OSError:
                time.sleep(0.05)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def rate(path: str, script: Path, seconds: int) -> float:
    """Return answered requests a second; any answer but a 2xx is an error here."""
    wrk = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(script)]
    output = subprocess.run(
        ["taskset", "-c", "1", *wrk, f"http://{ADDRESS}{path}"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    if "Non-2xx" in output or "Socket errors" in output:
        raise RuntimeError(f"{path}: {output}")
    match = re.search(r"Requests/sec:\s+([\d.]+)", output)
    if match is None:
        raise RuntimeError(f"wrk said nothing of its rate: {output}")
    return float(match[1])


def measure_requests(pngs: Sequence[bytes], rounds: int, seconds: int) -> dict[str, float]:
    """Return the median rate of each kind of request, in requests a second."""
    rates: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        scripts = {name: _script(Path(folder), name, pngs) for name in ("cnn", "mlp", "svm", None)}
        for label, cache_bytes in (("", 0), (", remembered", 4 << 20)):
            with serving(cache_bytes):
                for _ in range(rounds):
                    if not cache_bytes:
                        rates.setdefault("no-op", []).append(rate("/noop", scripts["cnn"], seconds))
                    for name, script in scripts.items():
                        kind = (name or "all three") + label
                        rates.setdefault(kind, []).append(rate("/predict/", script, seconds))
    return {kind: statistics.median(values) for kind, values in rates.items()}


def _script(folder: Path, model: str | None, pngs: Sequence[bytes]) -> Path:
    fields = {} if model is None else {"model": model}
    bodies = folder / f"{model}.txt"
    bodies.write_text(
        "\n".join(json.dumps({**fields, "image": b64encode(png).decode()}) for png in pngs)
    )
    script = folder / f"{model}.lua"
    script.write_text(SCRIPT.format(bodies=bodies))
    return script
