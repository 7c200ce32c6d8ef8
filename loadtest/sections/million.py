"""A million requests a second, on paper: what the figures mean, and what breaks first."""

from math import ceil

from loadtest.bodies import predict
from loadtest.digits import held_out
from loadtest.sections.tables import table
from mnist_api.capacity.figures import Figures
from mnist_api.capacity.model import Demand
from mnist_api.capacity.plan import plan

RATE = 1_000_000
P99 = 0.05
HITS = (0.0, 0.3, 0.9)
# What others have measured or documented, for orders of magnitude; each is named in the text.
MEMCACHED_RATE = 200_000  # small gets a second and core, without TLS
HEADERS = 400  # bytes of HTTP, TCP and IP about a body, both ways
SERIES = 150  # Prometheus' time series of one pod that has answered by all models
SLICE = 100  # endpoints of an EndpointSlice


def million(figures: Figures) -> str:
    """Return the section."""
    rows = []
    for hits in HITS:
        made = plan(figures, Demand(RATE, P99, "cnn", hits))
        rows.append(
            (
                f"{hits:.0%}",
                f"{made.replicas}",
                f"{made.target} %",
                f"{ceil(made.ingress_cores)}",
                f"{ceil((1 - hits) * RATE / MEMCACHED_RATE)}",
            )
        )
    heads = (
        "answered by the pods' caches",
        "pods of one core",
        "HPA target",
        "cores of ingress",
        "cores of memcached, if it is asked for the rest",
    )
    pods = int(rows[0][1])
    return _BEFORE + table(heads, rows) + _after(pods, figures)


def _after(pods: int, figures: Figures) -> str:
    body = len(predict(held_out(1)[0].png, model="cnn")) + HEADERS
    gigabits = RATE * body * 8 / 1e9
    ingress = ceil(RATE * figures.ingress_us / 1e6)
    controller = round(8e6 / figures.ingress_us, -3)
    return f"""
What breaks first, in the order in which it does:

1. **The ingress.** {ingress} cores of nginx, before any growth, at {figures.ingress_us:.0f} us a
   request, and {gigabits:.0f} Gbit/s inwards ({body} bytes a request with its headers), twice
   through each node that runs it. A controller of 8 cores carries about {controller:,.0f}
   requests/s; so: many controllers behind DNS or an anycast or L4 balancer, each with its own
   part of the pods (shards of Deployment, Service and HPA), and bodies of `image/png` instead of
   base64 in JSON (a quarter fewer bytes).
2. **Reloads.** The open controller writes every pod's address into nginx's configuration and
   reloads when one changes. With {pods} pods and 30 new ones a minute it never rests, each reload
   doubles its workers for as long as old connections last, and `least_conn` counts the
   connections of its own controller only, so that with many of them it chooses nearly at random.
   So: shards of 50 to 100 pods, or a proxy that takes new endpoints without a reload.
3. **EndpointSlices and etcd.** {pods} pods are {ceil(pods / SLICE)} slices of {SLICE}; each
   change of one pod's readiness sends its whole slice to every node and controller that watches.
   The HPA itself writes one status every 15 s, which is nothing; what it causes, a pod's some 20
   writes and 5 events when it comes or goes, is: doubling {pods} pods writes {pods * 25} objects,
   and at the scheduler's 50 requests a second takes {ceil(pods / 50)} s at the least. So: scale
   early and in small steps (a target below the one above), events in an etcd of their own,
   several clusters.
4. **Metrics.** {pods} pods times some {SERIES} series are {pods * SERIES:,} series, read every 15
   s: {pods * SERIES // 15:,} samples/s, the work of one Prometheus by itself. So: recording rules
   or an agent that drops the labels that nobody reads, a Prometheus a shard. `metrics-server`
   scrapes nodes, not pods, and is not the limit.
5. **memcached.** Each pod holds a connection to each memcached: {pods} connections are more than
   `maxConnections` of 1024 in the chart, so that is to be raised; hot keys go to one memcached
   alone (the key decides), which the pods' own caches soften. And it does not pay: it is asked
   only where computing costs more than asking.
6. **Nodes.** {pods} cores of pods and {ingress} of ingress are {ceil((pods + ingress) / 28)}
   machines of 32 cores with four left for the system. What is measured here on
   {figures.loss.largest} replicas of a shared machine says nothing of memory bandwidth there:
   measure one full node first (`make capacity`), and plan with its figures.
"""


_BEFORE = f"""### A million requests a second

On paper only: `mnist-api capacity --rate {RATE} --p99 {P99 * 1e3:.0f}ms --model cnn` with pods of
one core, at the hit ratios of the first column. Nothing here was measured beyond the rates above;
the 200,000 gets a second of a core of memcached, the 50 requests a second of the scheduler's
client and the 100 endpoints of a slice are their projects' own figures or defaults.

"""
