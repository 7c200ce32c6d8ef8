"""`python -m benchmarks.page`: `docs/resilience.md` from the results that are committed."""

import sys

import msgspec

from benchmarks.report import RESULTS, Result, markdown, read_result

PAGE = RESULTS.parents[1] / "docs" / "resilience.md"
ORDER = (
    "cache",
    "overload-small",
    "overload-nginx",
    "overload-canvas",
    "overload-large",
    "slow",
    "soak",
)
_HEAD = """# Under load and under attack

What the service promises when its cache falls ill, when more is asked than it can do, when clients
are slow, and after long work; and what was measured. `make bench-cache`, `make bench-overload`,
`make bench-slow` and `make bench-soak` measure anew, fail where a promise is broken, and write this
page from [`benchmarks/results`](../benchmarks/results).

The committed figures were taken on virtual machines that other work shares, so their speed wavers
by tens of percent within seconds. One has two cores that are two threads of one: a driver slows
what it drives. One has sixteen, where a driver has cores of its own: the overload is measured
there. What a run missed stands here as missed. Where the p99 at 0.8 of the peak is much higher in
one row than in the others, or hundreds of milliseconds, the machine was too slow for the rate at
that moment, and the bound on the p99 that is made of it says little. Each measurement says at its
end where and when it was taken, and of which commit.

**What overload by the smallest pictures costs.** To read a request and refuse it takes 25 us, most
of it the kernel's, and to answer one of 28x28 takes 120: of three times what a worker can answer,
refusing the other two thirds takes four tenths of its time: the goodput that is missed there is
this share. Therefore nginx sends a service no more than 256 requests at once and refuses the rest
itself (`max_conns` in [`nginx/upstream.conf`](../nginx/upstream.conf)): behind it no goodput is
missed. The service is told of these places (`MNIST_API_PROXY_MAX_CONNS`). A burst that leaves some
of them free is refused nothing. When they are all taken, nginx refuses others, so there is a rush:
then what takes some 2 ms waits, and not 255 requests, and what the service itself has to refuse it
holds back for about half a second, for nginx to refuse in its place. (Where nginx refuses nobody,
the driver itself drowns in connections: its load says so.) Beside a picture that is decoded in a
thread (400x400: 3 ms) a refusal costs next to nothing.

"""


def page() -> str:
    """Return the page's text."""
    files = (RESULTS / f"{name}.json" for name in ORDER)
    return _HEAD + "\n".join(markdown(read_result(file)) for file in files if file.exists())


def finish(name: str, result: Result) -> int:
    """Print a result, keep it, and return the exit status: 1 if a bound was missed."""
    sys.stdout.write(markdown(result))
    RESULTS.mkdir(exist_ok=True)
    encoded = msgspec.json.format(msgspec.json.encode(result), indent=2)
    (RESULTS / f"{name}.json").write_bytes(encoded + b"\n")
    PAGE.write_text(page())
    return int(not result.is_met)


if __name__ == "__main__":
    PAGE.write_text(page())
