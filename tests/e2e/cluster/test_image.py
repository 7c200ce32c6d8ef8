"""What is in the image, and what is not."""

import json

import pytest

from tests.e2e.cluster.kubernetes import IMAGE, run

BASE = "python:3.11-slim"


@pytest.fixture(autouse=True, scope="module")
def built(images: None) -> None:
    """The images are there."""


def inspect(image: str, field: str) -> str:
    return run("docker", "image", "inspect", "--format", "{{json " + field + "}}", image).strip()


def inside(*command: str) -> str:
    """Run a command in the image as Kubernetes would: nothing writable but /tmp, no rights."""
    closed = ["--read-only", "--tmpfs=/tmp", "--cap-drop=ALL", "--network=none"]
    return run("docker", "run", "--rm", *closed, IMAGE, *command)


def test_the_image_adds_at_most_150_mb_to_its_base() -> None:
    added = (int(inspect(IMAGE, ".Size")) - int(inspect(BASE, ".Size"))) / 1e6
    print(f"{added:.0f} MB over the base")
    assert added <= 150


def test_the_image_says_what_it_is_and_whom_it_runs_as() -> None:
    config = json.loads(inspect(IMAGE, ".Config"))
    assert config["User"] == "10001:10001"
    assert config["Entrypoint"] == ["/usr/bin/tini", "--"]
    assert config.get("Healthcheck") is None
    labels = {label.rpartition(".")[2] for label in config["Labels"] or {}}
    assert labels >= {"title", "description", "licenses", "version", "revision"}


def test_no_training_package_compiler_or_cache_is_in_the_image() -> None:
    look = (
        "import importlib.util, pathlib, shutil\n"
        "packages = ['tensorflow', 'keras', 'sklearn', 'scipy', 'matplotlib', 'pip', 'pytest']\n"
        "print([name for name in packages if importlib.util.find_spec(name)],"
        " [tool for tool in ('cc', 'gcc', 'make') if shutil.which(tool)],"
        " [str(path) for path in pathlib.Path('/').glob('*/.cache')])"
    )
    assert inside("/app/venv/bin/python", "-I", "-c", look).strip() == "[] [] []"


def test_every_module_is_compiled_and_nothing_of_the_image_can_be_written() -> None:
    look = (
        "import os, pathlib, sysconfig\n"
        "served = list(pathlib.Path('/app/venv/lib').rglob('*.py'))\n"
        "library = list(pathlib.Path(sysconfig.get_path('stdlib')).glob('*.py'))\n"
        "bare = [path for path in served + library if not list((path.parent / '__pycache__')"
        ".glob(f'{path.stem}.*.pyc'))]\n"
        "print(len(served) > 500, len(library) > 150, bare,"
        " [str(path) for path in pathlib.Path('/app').rglob('*') if os.access(path, os.W_OK)"
        " and not path.is_symlink()])"
    )
    assert inside("python", "-c", look).strip() == "True True [] []"


def test_the_bill_of_materials_names_every_package_served() -> None:
    bill = json.loads(inside("cat", "/app/sbom.cdx.json"))
    assert bill["bomFormat"] == "CycloneDX"
    names = {component["name"] for component in bill["components"]}
    assert names >= {"ai-edge-litert", "falcon", "gunicorn", "mnist-api", "numpy", "pillow"}
