"""Full requests over a socket: wrk on one core, the server on the other, rounds interleaved."""

import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.bodies import wrk_script
from benchmarks.driving import closed_loop
from benchmarks.serving import serving

CONNECTIONS = 8


def measure_requests(pngs: Sequence[bytes], rounds: int, seconds: int) -> dict[str, float]:
    """Return the median rate of each kind of request, in requests a second."""
    rates: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        scripts = {
            name: wrk_script(Path(folder, f"{name}.lua"), pngs, name)
            for name in ("cnn", "mlp", "svm", None)
        }
        for label, cache_bytes in (("", 0), (", remembered", 4 << 20)):
            with serving({"cache_bytes": cache_bytes}) as service:
                for _ in range(rounds):
                    if not cache_bytes:
                        rates.setdefault("no-op", []).append(
                            _rate(service.url + "/noop", scripts["cnn"], seconds)
                        )
                    for name, script in scripts.items():
                        kind = (name or "all three") + label
                        rates.setdefault(kind, []).append(
                            _rate(service.url + "/predict/", script, seconds)
                        )
    return {kind: statistics.median(values) for kind, values in rates.items()}


def _rate(url: str, script: Path, seconds: int) -> float:
    loop = closed_loop(url, script, seconds, CONNECTIONS)
    if loop.failed:
        raise RuntimeError(f"{url}: {loop.failed} requests failed")
    return loop.rate
