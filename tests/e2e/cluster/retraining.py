"""The chart with the retraining loop, a bucket beside it, and what bears its token."""

import json
import threading
import time
from base64 import b64encode
from collections import Counter
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

import msgspec
import yaml

from tests.chart.helm import CHART
from tests.e2e.cluster.kubernetes import (
    BUCKET_IMAGE,
    HOST,
    HTTP,
    INGRESS_NAMESPACE,
    Namespace,
    kubectl,
    name_of,
)
from tests.support.versions import Candidate
from tests.support.waiting import eventually

REPLICAS = 4
_BODY = json.loads((CHART / "files" / "three.json").read_text())
# Run in a server's pod, which holds the token.
_CALL = """
import json, sys, urllib.error, urllib.request
method, path, body = sys.argv[1:]
token = open("/run/secrets/mnist-api/tokens").readline().strip().partition(":")[2]
headers = {"Authorization": "Bearer " + token, "Content-Type": "application/json"}
request = urllib.request.Request(
    "http://127.0.0.1:8000" + path, body.encode() or None, headers, method=method)
try:
    answer = urllib.request.urlopen(request, timeout=40)
except urllib.error.HTTPError as error:
    answer = error
print(json.dumps([answer.status, json.loads(answer.read() or b"null")]))
"""
_ADD = """
import base64, json, sys, msgspec, os
from mnist_api.retraining.stores import open_store
from mnist_api.retraining.versions import Record, Versions
record, content = (base64.b64decode(line) for line in sys.stdin)
versions = Versions(open_store(os.environ["MNIST_API_STORE"]), {})
versions.add("svm", content, msgspec.json.decode(record, type=Record))
"""
_MAKE_BUCKET = """
import urllib.request
url = "http://127.0.0.1:5000/digits"
urllib.request.urlopen(urllib.request.Request(url, method="PUT"), timeout=5).close()
"""


def bucket() -> str:
    """Return the objects of an S3-compatible server in the namespace."""
    container = {
        "name": "bucket",
        "image": BUCKET_IMAGE,
        "readinessProbe": {"tcpSocket": {"port": 5000}, "periodSeconds": 1},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "runAsNonRoot": True,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }
    metadata = {"name": "bucket", "labels": {"app": "bucket"}}
    spec = {"containers": [container], "terminationGracePeriodSeconds": 0}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata,
        "spec": {"selector": {"app": "bucket"}, "ports": [{"port": 5000}]},
    }
    return yaml.safe_dump_all([pod, service])


def values() -> str:
    """Return the chart's values: four replicas, the loop in that bucket, the network closed."""
    endpoints = json.loads(kubectl("get", "endpointslices", "--output=json"))["items"]
    of_api = next(item for item in endpoints if name_of(item) == "kubernetes")
    service = json.loads(kubectl("get", "service", "kubernetes", "--output=json"))
    addresses = [address for item in of_api["endpoints"] for address in item["addresses"]]
    ports = [port["port"] for port in of_api["ports"]]
    variables = {
        "AWS_ENDPOINT_URL": "http://bucket:5000",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "anybody",
        "AWS_SECRET_ACCESS_KEY": "anything",
    }
    store = {"podSelector": {"matchLabels": {"app": "bucket"}}}
    return yaml.safe_dump(
        {
            "image": {"tag": "0.1.0-s3"},
            "replicaCount": REPLICAS,
            "memcached": {"enabled": False},
            "retraining": {
                "enabled": True,
                "tokenSecret": "mnist-tokens",
                "store": "s3://digits/loop",
            },
            "extraEnv": [{"name": name, "value": value} for name, value in variables.items()],
            "networkPolicy": {
                "enabled": True,
                "ingressNamespaces": [INGRESS_NAMESPACE],
                "storeEgress": [{"to": [store], "ports": [{"port": 5000, "protocol": "TCP"}]}],
                "apiServerCidrs": [
                    f"{address}/32" for address in (*addresses, service["spec"]["clusterIP"])
                ],
                "apiServerPorts": [443, *ports],
            },
        }
    )


@dataclass
class Loop:
    """Bears the token, and looks at every replica."""

    namespace: Namespace

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Call a replica; return status and answer."""
        text = "" if body is None else json.dumps(body)
        said = self._python(_CALL, method, path, text)
        status, answer = json.loads(said)
        return status, answer

    def get(self, path: str) -> Any:
        status, answer = self.call("GET", path)
        assert status == 200, answer
        return answer

    def add(self, made: Candidate) -> None:
        """Put a version into the store, as a training does."""
        record, content = msgspec.json.encode(made.record), made.content
        lines = b"\n".join(b64encode(part) for part in (record, content)).decode()
        self._python(_ADD, stdin=lines)

    def served(self) -> list[str]:
        """Return the SVM's version in each replica that is ready."""
        pods = [name_of(pod) for pod in self.namespace.ready_pods()]
        root = f"/api/v1/namespaces/{self.namespace.name}/pods"
        answers = [kubectl("get", "--raw", f"{root}/{pod}:8000/proxy/readyz") for pod in pods]
        return [json.loads(answer)["models"]["svm"] for answer in answers]

    def activate(self, version: str) -> float:
        """Have a version served; return the seconds until every replica did."""
        start = time.monotonic()
        status, answer = self.call("POST", "/models/svm/activate", {"version": version})
        assert status == 200, answer
        self.converged(version)
        return time.monotonic() - start

    def converged(self, version: str) -> None:
        """Wait until all replicas serve a version."""
        eventually(lambda: self.served() == [version] * REPLICAS, f"{version} everywhere", 30)

    def _python(self, program: str, *args: str, stdin: str | None = None) -> str:
        pod = name_of(self.namespace.ready_pods()[0])
        command = ["exec", "--stdin", pod, "--container=server", "--", "python", "-c", program]
        return self.namespace.kubectl(*command, *args, stdin=stdin)


def make_bucket(namespace: Namespace) -> None:
    """Start the S3-compatible server with an empty bucket."""
    namespace.kubectl("apply", "--filename=-", stdin=bucket())
    namespace.kubectl("wait", "--for=condition=Ready", "--timeout=60s", "pod/bucket")
    namespace.kubectl("exec", "bucket", "--", "python3", "-c", _MAKE_BUCKET)


def freeze_bucket(namespace: Namespace, *, frozen: bool) -> None:
    """Have the server answer nobody any more, or go on."""
    sign = "STOP" if frozen else "CONT"
    namespace.kubectl("exec", "bucket", "--", "sh", "-c", f"kill -{sign} $(cat /tmp/pid)")


class Watch(threading.Thread):
    """Asks the SVM through the ingress without end; notes answers beside the versions they name."""

    def __init__(self, *, fresh: bool) -> None:
        super().__init__()
        self._headers = {"Host": HOST, "Content-Type": "application/json"}
        if fresh:
            self._headers["Cache-Control"] = "no-cache"
        self._stopped = threading.Event()
        self.answers: Counter[tuple[object, str, str]] = Counter()
        self.last_seen: dict[str, float] = {}

    def run(self) -> None:
        address = urlsplit(HTTP)
        connection = HTTPConnection(address.hostname or "", address.port, timeout=10)
        body = json.dumps({**_BODY, "model": "svm"})
        while not self._stopped.wait(0.02):
            try:
                connection.request("POST", "/predict/", body, self._headers)
                response = connection.getresponse()
                answer = response.read().decode()
            except (OSError, HTTPException) as error:
                self.answers[repr(error), "", ""] += 1
                connection.close()
                continue
            version = response.getheader("X-Model-Version") or ""
            self.answers[response.status, version, answer] += 1
            self.last_seen[version] = time.monotonic()
        connection.close()

    def stop(self) -> Counter[tuple[object, str, str]]:
        self._stopped.set()
        self.join(timeout=30)
        return self.answers
