"""Nobody who asks through the ingress notices that pods come and go."""

import os
import time
from collections.abc import Iterator

import pytest

from tests.chart.helm import Object
from tests.e2e.cluster.kubernetes import HOST, HTTP, NEXT_IMAGE, Namespace, name_of
from tests.e2e.cluster.load import Outcome, load, percentile_ms
from tests.support.waiting import eventually

# `make e2e-long` shows it 20 times.
LONG = bool(os.environ.get("E2E_LONG"))
UPDATES = 20 if LONG else 2
ROUNDS = 10 if LONG else 1
REQUESTS = 20_000 if LONG else 1_500


@pytest.fixture(scope="module")
def installed(namespace: Namespace) -> Iterator[Namespace]:
    """The two pods of the defaults."""
    namespace.install()
    namespace.settled(2)
    yield namespace
    namespace.uninstall()


def update(namespace: Namespace, number: int) -> None:
    """Restart, and every second time change the image."""
    if number % 2:
        image = NEXT_IMAGE if number % 4 == 1 else NEXT_IMAGE.removesuffix("-next")
        namespace.kubectl("set", "image", "deployment/mnist-mnist-api", f"server={image}")
    else:
        namespace.kubectl("rollout", "restart", "deployment/mnist-mnist-api")
    namespace.rollout_status()
    namespace.settled(2)


def unnoticed(*outcomes: Outcome) -> None:
    failed = [outcome for outcome in outcomes if outcome.failures]
    assert not failed
    assert sum(outcome.requests for outcome in outcomes) >= REQUESTS


def test_rolling_updates_lose_no_request_and_stay_quick(installed: Namespace) -> None:
    """Each update against the seconds before it: a machine's other work comes and goes."""
    before, during = [], []
    for number in range(UPDATES):
        time.sleep(1)
        with load(HTTP, HOST) as running:
            time.sleep(4)
            before.append(running.stop())
        with load(HTTP, HOST) as running:
            update(installed, number)
            during.append(running.stop())
    unnoticed(*during)
    usual, updating = percentile_ms(before, 99), percentile_ms(during, 99)
    print(f"p99 before each of {UPDATES} updates {usual} ms, during them {updating} ms")
    # A quick run has too few requests for a 99th percentile that means anything.
    assert not LONG or updating <= 3 * usual


def every_pod(namespace: Namespace) -> Iterator[Object]:
    """Give the pods that there are at the start of each round."""
    for _ in range(ROUNDS):
        yield from namespace.pods()


def test_pods_deleted_one_by_one_lose_no_request(installed: Namespace) -> None:
    with load(HTTP, HOST) as running:
        for pod in every_pod(installed):
            installed.kubectl("delete", "pod", name_of(pod))
            installed.settled(2)
        outcome = running.stop()
    unnoticed(outcome)


def test_pods_killed_with_no_grace_lose_no_request(installed: Namespace) -> None:
    with load(HTTP, HOST) as running:
        for pod in every_pod(installed):
            installed.kubectl("delete", "pod", name_of(pod), "--grace-period=0", "--force")
            installed.settled(2)
        outcome = running.stop()
    unnoticed(outcome)


def restarts(namespace: Namespace, name: str) -> int:
    """Return how often a pod's server was started anew."""
    (pod,) = (pod for pod in namespace.pods() if name_of(pod) == name)
    return int(pod["status"]["containerStatuses"][0]["restartCount"])


def test_a_process_killed_in_its_pod_loses_no_request(installed: Namespace) -> None:
    kill = "import os, signal; os.kill(1, signal.SIGTERM)"
    with load(HTTP, HOST) as running:
        for name in [name_of(pod) for pod in installed.pods()]:
            installed.kubectl("exec", name, "--", "python", "-c", kill)
            eventually(lambda name=name: restarts(installed, name) == 1, "a restart")
            installed.settled(2)
        outcome = running.stop()
    assert outcome.failures == 0, outcome


def test_a_deleted_memcached_loses_no_request(installed: Namespace) -> None:
    with load(HTTP, HOST) as running:
        installed.kubectl("delete", "pod", "mnist-mnist-api-memcached-0")
        installed.rollout_status("statefulset/mnist-mnist-api-memcached")
        time.sleep(2)
        outcome = running.stop()
    assert outcome.failures == 0, outcome


def test_scaling_in_loses_no_request(installed: Namespace) -> None:
    with load(HTTP, HOST) as running:
        for count in (4, 1, 2) * ROUNDS:
            installed.kubectl("scale", "deployment/mnist-mnist-api", f"--replicas={count}")
            installed.settled(count)
        outcome = running.stop()
    unnoticed(outcome)
