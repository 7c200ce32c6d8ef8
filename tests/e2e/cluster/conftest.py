"""The cluster with our images, and a controller configured as nginx/ingress-values.yaml says."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.chart.helm import CHART, ROOT
from tests.e2e.cluster.kubernetes import (
    BUCKET_USER_IMAGE,
    IMAGE,
    INGRESS_NAMESPACE,
    NEXT_IMAGE,
    Namespace,
    build,
    kubectl,
    load_images,
    run,
)

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def images() -> None:
    """Our image, the same under a second tag, and a memcached, on the nodes."""
    memcached = yaml.safe_load((CHART / "values.yaml").read_text())["memcached"]["image"]
    cache = f"{memcached['repository'].removeprefix('docker.io/library/')}:{memcached['tag']}"
    build(IMAGE, ROOT / "Dockerfile", ROOT, target="serve")
    build(cache, HERE / "stand-ins.Dockerfile", HERE, target="memcached")
    build(BUCKET_USER_IMAGE, ROOT / "Dockerfile", ROOT, "serve", "REQUIREMENTS=s3")
    run("docker", "tag", IMAGE, NEXT_IMAGE)
    load_images(IMAGE, NEXT_IMAGE, BUCKET_USER_IMAGE, cache)


@pytest.fixture(scope="session")
def controller() -> None:
    """The ingress controller, with the settings that a rolling update without loss needs."""
    values = yaml.safe_load((ROOT / "nginx" / "ingress-values.yaml").read_text())
    config = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "nginx-ingress", "namespace": INGRESS_NAMESPACE},
        "data": values["controller"]["config"]["entries"],
    }
    kubectl("apply", "--filename=-", stdin=yaml.safe_dump(config))


@pytest.fixture(scope="session")
def custom_resources() -> None:
    """The kinds that the optional parts need; from the folder `E2E_CRDS`, where it is set."""
    if folder := os.environ.get("E2E_CRDS"):
        kubectl("apply", "--server-side", "--filename", folder)


@pytest.fixture(scope="module")
def namespace(
    request: pytest.FixtureRequest,
    images: None,  # noqa: ARG001
    controller: None,  # noqa: ARG001
) -> Iterator[Namespace]:
    """A namespace of the module's own."""
    space = Namespace(Path(request.path).stem.replace("test_", "e2e-").replace("_", "-"))
    space.delete()
    space.create()
    yield space
    space.delete()


@pytest.fixture
def certificate(namespace: Namespace, tmp_path: Path) -> None:
    """A certificate of our own making for the test's host, as the Secret `mnist-tls`."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subject = ["-subj", "/CN=mnist.test", "-addext", "subjectAltName=DNS:mnist.test"]
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", *subject]
    subprocess.run([*make, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    files = [f"--cert={certificate}", f"--key={key}"]
    namespace.kubectl("create", "secret", "tls", "mnist-tls", *files)


@pytest.fixture
def retraining_secrets(namespace: Namespace) -> None:
    """What `ci/retraining-values.yaml` names."""
    create = ("create", "secret", "generic")
    namespace.kubectl(*create, "mnist-tokens", "--from-literal=token=ann:sesame-0123456789")
    keys = ["--from-literal=id=anybody", "--from-literal=secret=anything"]
    namespace.kubectl(*create, "mnist-bucket", *keys)
