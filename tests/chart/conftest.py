"""The chart as helm renders it, once for each way of use."""

from pathlib import Path

import pytest

from tests.chart.helm import CI_VALUES, Helm, Object


@pytest.fixture(scope="session")
def helm(tmp_path_factory: pytest.TempPathFactory) -> Helm:
    """Helm with folders of its own."""
    return Helm(tmp_path_factory.mktemp("helm"))


@pytest.fixture(scope="session", params=CI_VALUES, ids=lambda path: path.stem)
def values(request: pytest.FixtureRequest) -> Path:
    """Each way of use in turn."""
    return Path(request.param)


@pytest.fixture(scope="session")
def rendered(helm: Helm, values: Path) -> list[Object]:
    """The objects of one way of use."""
    return helm.template("--values", values)
