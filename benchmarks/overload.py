"""`python -m benchmarks.overload`: three times more than the service can do, in an open loop."""

import argparse
import sys
from collections.abc import Sequence
from statistics import median

from benchmarks.balancing import places
from benchmarks.bodies import canvas_png, holdout_digits
from benchmarks.page import finish
from benchmarks.report import Bound, Table, result_of
from benchmarks.rush import COLUMNS, SLOWED, Kind, Outcome, Way, overload
from benchmarks.stages import png_of

METHOD = """One worker on the first core, the driver on the second, or of many on a quarter; the
cache is off. First wrk's closed loop of 8 connections shows about what the service can do: too few
for any to be refused.
Then vegeta keeps a constant rate, whatever comes back: 0.9, 1.0 and 1.1 of that, the most that it
gets answered being the peak; 0.8 of the peak alone; then half of the peak all the time and two and
a half peaks more for a while, three peaks together, each over at most 900 connections; at last the
peak is looked for again, and goodput is told in the mean of both, as the machine's pace drifts by a
fifth in a minute. (Not in wrk's peak, because drivers differ in what they take from the service:
the two cores of the machine in these pages are two threads of one, and a busy one makes the other
1.7 times slower.) A client waits one second at most; goodput is what was answered with 200 by then.
Times count from when a request was due, waiting for a free connection included. Recovery: from the
end of the rush until, for good, 99 of 100 requests in each quarter of a second are answered with
200 within three times the p99 at 0.8 of the peak. "Off": the same service without its bounds on
waiting. "In a middle second": the median of each second's p99, since the machine stops for a tenth
of a second now and then, and one such stop makes the p99 of all. Rounds of each alternate; figures
are medians over the rounds."""
BEHIND = f"""The service stands behind nginx with the configuration in `nginx/`, on the driver's
cores and counted to its load. Where that is one core alone, the service has {SLOWED:g} of its own:
a process ahead of it takes the rest, piece by piece. (Of a whole one, driver and nginx on the other
could not ask three times what it can do.) "Nginx": as it ships, it sends the service 256 requests
at once and refuses what comes more, and the service knows. "Nginx, unknown": it does not know.
"The service": nginx sends it all, and it refuses itself. "Off": nobody refuses."""

ON: dict[str, object] = {"cache_bytes": 0}
OFF: dict[str, object] = {**ON, "max_wait_ms": 0, "max_decode_wait_ms": 0}
DIRECT = (Way("on", ON), Way("off", OFF))
NGINX = (
    Way("nginx", {**ON, "proxy_max_conns": places()}, nginx=True),
    Way("nginx, unknown", ON, nginx=True),
    Way("the service", ON, nginx=False),
    Way("off", OFF, nginx=False),
)
# A driver that used more of its cores, or sent less than this of its rate, was the bottleneck.
MOST_DRIVER_LOAD = 0.9
LEAST_OFFERED = 0.95


def middle(outcomes: Sequence[Outcome]) -> Outcome:
    """Return the median of each figure."""
    return Outcome(*(median(figures) for figures in zip(*outcomes, strict=True)))


def kinds() -> list[Kind]:
    """Return what is sent: the usual, what a page draws, and what costs most."""
    digits = holdout_digits()
    small = [png_of(digit) for digit in digits[:1000]]
    canvases = [canvas_png(digit, 400) for digit in digits[:100]]
    large = [canvas_png(digit, 1000) for digit in digits[:20]]
    return [
        Kind("small", "the CNN, PNG of 28x28", small, "cnn", DIRECT),
        Kind("canvas", "all models, PNG of 400x400", canvases, None, DIRECT),
        Kind("large", "the CNN, PNG of 1000x1000", large, "cnn", DIRECT),
        # The last, since the slower core wants root.
        Kind("nginx", "the CNN, PNG of 28x28, behind nginx", small, "cnn", NGINX),
    ]


def bounds_of(on: Outcome) -> list[Bound]:
    """Return what is promised where what waits is bounded, and of the measurement itself."""
    return [
        Bound("load offered, peaks", on.offered, 3 * LEAST_OFFERED, at_least=True),
        Bound("driver's load, of its cores", on.driver_load, MOST_DRIVER_LOAD),
        Bound("goodput, of the peak", on.goodput, 0.9, at_least=True),
        Bound("p99 of the accepted, of that at 0.8 of the peak", on.p99 / on.p99_at_80, 3.0),
        Bound("the same of middle seconds", on.middle_p99 / on.middle_p99_at_80, 3.0),
        Bound("recovery, s", on.recovery, 2.0),
    ]


def measure(kind: Kind, rounds: int, seconds: float) -> int:
    """Measure one kind, print it, keep it, and return the exit status."""
    turns = [[overload(kind, way, seconds) for way in kind.ways] for _ in range(rounds)]
    middles = [middle(outcomes) for outcomes in zip(*turns, strict=True)]
    rows = [found.row(way.name) for way, found in zip(kind.ways, middles, strict=True)]
    table = Table(f"{rounds} rounds, a rush of {seconds:.0f} s in each:", COLUMNS, rows)
    method = f"{METHOD}\n{BEHIND}" if kind.ways is NGINX else METHOD
    result = result_of(f"Overload: {kind.name}", method, [table], bounds_of(middles[0]))
    return finish(f"overload-{kind.slug}", result)


def main() -> int:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.overload")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=20, help="length of each attack")
    parser.add_argument("--kind", choices=[kind.slug for kind in kinds()], help="only this")
    options = parser.parse_args()
    return max(
        measure(kind, options.rounds, options.seconds)
        for kind in kinds()
        if options.kind in {None, kind.slug}
    )


if __name__ == "__main__":
    sys.exit(main())
