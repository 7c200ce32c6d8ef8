"""More load brings more pods soon enough, less load takes them away, and nobody notices either."""

import time
from datetime import UTC, datetime

from tests.e2e.cluster.kubernetes import HOST, HTTP, Namespace, name_of, ready_since
from tests.e2e.cluster.load import load
from tests.support.waiting import eventually

# Small equal limits, so that four pods and the load fit into two cores.
VALUES = (
    "autoscaling.enabled=true",
    "autoscaling.maxReplicas=4",
    "autoscaling.behavior.scaleDown.stabilizationWindowSeconds=15",
    "autoscaling.behavior.scaleDown.policies[0].type=Pods",
    "autoscaling.behavior.scaleDown.policies[0].value=2",
    "autoscaling.behavior.scaleDown.policies[0].periodSeconds=10",
    "resources.requests.cpu=150m",
    "resources.limits.cpu=300m",
    # From memory an answer costs a seventh: then no load that fits beside the pods needs a third.
    "settings.cache_bytes=0",
)


def current_metrics(namespace: Namespace) -> bool:
    (scaler,) = namespace.get("horizontalpodautoscalers")
    return bool(scaler["status"].get("currentMetrics"))


def test_a_step_of_load_is_met_within_30_s_and_taken_back(namespace: Namespace) -> None:
    namespace.install(*(f"--set={value}" for value in VALUES))
    namespace.settled(2)
    eventually(lambda: current_metrics(namespace), "figures of the pods' CPU", seconds=60)
    first = {name_of(pod) for pod in namespace.pods()}
    with load(HTTP, HOST, connections=16, pause_ms=2) as step:
        began = datetime.now(UTC)
        eventually(lambda: len(namespace.ready_pods()) > 2, "a third pod", seconds=60)
        new = [pod for pod in namespace.ready_pods() if name_of(pod) not in first]
        delay = min(datetime.fromisoformat(ready_since(pod)) for pod in new) - began
        time.sleep(10)
        during = step.stop()
    with load(HTTP, HOST, connections=2, pause_ms=50) as rest:
        namespace.settled(2)
        after = rest.stop()
    print(f"a new pod answered {delay.total_seconds():.0f} s after the step")
    assert delay.total_seconds() <= 30
    assert during.failures == 0, during
    assert after.failures == 0, after
