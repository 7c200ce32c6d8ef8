"""skaffold.yaml is well-formed, and every profile deploys what the chart takes."""

import re
from typing import Any, Literal

import msgspec
import pytest
import yaml

from tests.chart.helm import CHART, ROOT, Helm, named

DOCUMENT = yaml.safe_load((ROOT / "skaffold.yaml").read_text())


class Strict(msgspec.Struct, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """The part of skaffold's schema v4beta14 that we use; anything else is a slip of the pen."""


class Docker(Strict):
    dockerfile: str
    target: str


class ManualSync(Strict):
    src: str
    dest: str
    strip: str


class Sync(Strict):
    manual: list[ManualSync]
    hooks: dict[Literal["before", "after"], list[dict[Literal["container", "host"], Any]]]


class Artifact(Strict):
    image: str
    docker: Docker
    sync: Sync | None = None


class Build(Strict):
    artifacts: list[Artifact]
    local: dict[Literal["useBuildkit"], bool] = {}
    tag_policy: dict[Literal["inputDigest"], dict[str, str]] = {}


class Release(Strict):
    name: str
    chart_path: str
    wait: bool
    set_value_templates: dict[str, str]
    set_values: dict[str, Any] = {}
    values_files: list[str] = []
    namespace: str = ""
    create_namespace: bool = False


class Releases(Strict):
    releases: list[Release]


class Deploy(Strict):
    helm: Releases


class PortForward(Strict):
    resource_type: Literal["service"]
    resource_name: str
    port: int
    local_port: int


class Patch(Strict):
    op: Literal["add"]
    path: str
    value: Any


class Profile(Strict):
    name: str
    activation: list[dict[Literal["command"], str]] = []
    build: Build | None = None
    deploy: Deploy | None = None
    patches: list[Patch] = []


class Skaffold(Strict):
    api_version: Literal["skaffold/v4beta14"]
    kind: Literal["Config"]
    metadata: dict[Literal["name"], str]
    build: Build
    deploy: Deploy
    port_forward: list[PortForward]
    profiles: list[Profile]


def skaffold() -> Skaffold:
    """Return skaffold.yaml, checked against the schema's part that we use."""
    return msgspec.convert(DOCUMENT, Skaffold)


def release_of(profile: str) -> Release:
    """Return what a profile deploys, its patches applied."""
    document = skaffold()
    (chosen,) = (entry for entry in document.profiles if entry.name == profile)
    (release,) = (chosen.deploy or document.deploy).helm.releases
    fields = msgspec.to_builtins(release)
    for patch in chosen.patches:
        fields[patch.path.removeprefix("/deploy/helm/releases/0/")] = patch.value
    return msgspec.convert(fields, Release)


def test_the_profiles_are_those_the_readme_names() -> None:
    assert [profile.name for profile in skaffold().profiles] == ["dev", "staging", "production"]


@pytest.mark.parametrize("profile", ["dev", "staging", "production"])
def test_every_profile_deploys_what_the_chart_takes(helm: Helm, profile: str) -> None:
    release = release_of(profile)
    arguments = [
        f"--set={name}={str(value).lower() if isinstance(value, bool) else value}"
        for name, value in release.set_values.items()
    ]
    arguments += [f"--values={ROOT / file}" for file in release.values_files]
    objects = helm.template("--set=image.repository=built,image.tag=v1", *arguments)
    pod = named(objects, "Deployment")["spec"]["template"]["spec"]
    assert pod["containers"][0]["image"] == "built:v1"


def test_every_stage_that_is_built_is_in_the_dockerfile() -> None:
    document = skaffold()
    builds = [document.build, *(profile.build for profile in document.profiles if profile.build)]
    stages = re.findall(r"^FROM \S+ AS (\S+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    for build in builds:
        for artifact in build.artifacts:
            assert artifact.docker.target in stages


def test_the_forwarded_service_is_the_charts(helm: Helm) -> None:
    (forward,) = skaffold().port_forward
    service = named(helm.template(), "Service")
    assert service["metadata"]["name"] == forward.resource_name
    assert service["spec"]["ports"][0]["port"] == forward.port
    assert ROOT / skaffold().deploy.helm.releases[0].chart_path == CHART


def test_files_are_synchronised_to_where_the_dev_stage_has_them() -> None:
    (artifact,) = next(
        profile.build.artifacts for profile in skaffold().profiles if profile.build is not None
    )
    assert artifact.sync is not None
    assert f"service {artifact.sync.manual[0].dest}" in (ROOT / "Dockerfile").read_text()
