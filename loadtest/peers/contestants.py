"""Who serves: how each is started and asked."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from loadtest.bodies import predict
from loadtest.cores import pinned, server_cores
from loadtest.digits import Digit, text
from loadtest.peers.models import MODELS
from loadtest.service import Running, free_port, serving

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
# What TensorFlow, BLAS and others would start is more threads than the one core they are given.
SINGLE = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}


def _plain(model: str, digit: Digit) -> bytes:
    return predict(digit.png, model=model)


def _open_inference(_model: str, digit: Digit) -> bytes:
    values = digit.pixels.ravel().tolist()
    tensor = {"name": "images", "shape": [1, 28, 28], "datatype": "UINT8", "data": values}
    return json.dumps({"inputs": [tensor]}).encode()


def _kserve_v1(_model: str, digit: Digit) -> bytes:
    return json.dumps({"instances": [{"image": {"b64": text(digit.png)}}]}).encode()


@dataclass(frozen=True)
class Contestant:
    """A server: `{python}`, `{port}`, `{bin}` and `{models}` in its command are filled in."""

    name: str
    command: tuple[str, ...]
    path: str
    ready: str
    environment: str = ""
    body: Callable[[str, Digit], bytes] = _plain
    answer: Callable[[Mapping[str, Any]], int] = lambda answer: answer["prediction"]
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> Path | None:
        """Its environment, or None for ours."""
        return HERE / ".venvs" / self.environment if self.environment else None

    def url(self, base: str, model: str) -> str:
        """Return where a model is asked."""
        return base + self.path.format(model=model)


_OURS = ("{bin}/mnist-api", "serve")
_UVICORN = ("--host", "127.0.0.1", "--port", "{port}", "--workers", "1", "--no-access-log")
_BENTOML = ("--host", "127.0.0.1", "--port", "{port}")
_OURS_VARIABLES = {"MNIST_API_BIND": "127.0.0.1:{port}", "MNIST_API_CACHE_BYTES": "0"}
CONTESTANTS = (
    Contestant("mnist-api", _OURS, "/predict/", "/readyz", variables=_OURS_VARIABLES),
    Contestant(
        "FastAPI + LiteRT",
        ("{bin}/uvicorn", "--factory", "loadtest.peers.fastapi.server:application", *_UVICORN),
        "/predict",
        "/openapi.json",
        "fastapi",
    ),
    Contestant(
        "LitServe",
        ("{python}", "-m", "loadtest.peers.litserve.server", "{port}"),
        "/predict",
        "/health",
        "litserve",
    ),
    Contestant(
        "BentoML",
        ("{bin}/bentoml", "serve", "loadtest.peers.bentoml.server:Digits", *_BENTOML),
        "/predict",
        "/readyz",
        "bentoml",
        variables={"BENTOML_DO_NOT_TRACK": "True", "BENTOML_HOME": "{models}/bentoml"},
    ),
    Contestant(
        "MLServer",
        ("{bin}/mlserver", "start", "{models}/mlserver"),
        "/v2/models/{model}/infer",
        "/v2/models/svm/ready",
        "mlserver",
        body=_open_inference,
        answer=lambda answer: answer["outputs"][0]["data"][0],
        variables={
            "MLSERVER_HTTP_PORT": "{port}",
            "MLSERVER_GRPC_PORT": "{other_port}",
            "MLSERVER_METRICS_PORT": "{third_port}",
            "MLSERVER_HOST": "127.0.0.1",
        },
    ),
    Contestant(
        "KServe",
        ("{python}", "-m", "loadtest.peers.kserve.server", "--http_port", "{port}"),
        "/v1/models/{model}:predict",
        "/v2/health/ready",
        "kserve",
        body=_kserve_v1,
        answer=lambda answer: answer["predictions"][0],
    ),
    Contestant(
        "Flask + Keras (2018)",
        ("{python}", "-m", "loadtest.peers.flask2018.server", "{port}"),
        "/predict/",
        "/models/",
        "flask2018",
    ),
)


@contextmanager
def running(contestant: Contestant, own_bin: Path, log: Path) -> Iterator[Running]:
    """Start a contestant on the first core, and wait until it is ready."""
    port = free_port()
    folder = contestant.folder
    bin_folder = folder / "bin" if folder else own_bin
    words = {
        "bin": str(bin_folder),
        "python": str(bin_folder / "python"),
        "port": str(port),
        "other_port": str(free_port()),
        "third_port": str(free_port()),
        "models": str(MODELS),
    }
    command = [word.format(**words) for word in contestant.command]
    variables = {name: value.format(**words) for name, value in contestant.variables.items()}
    environ = {**SINGLE, "PYTHONPATH": f"{ROOT}:{ROOT / 'service'}", **variables}
    base = f"http://127.0.0.1:{port}"
    bound = [*pinned(server_cores()), *command]
    with serving(bound, base, contestant.ready, log, environ) as server:
        yield server


def installed_mib(folder: Path) -> float:
    """Return the size of an environment on disk, without the bytecode that running it adds."""
    files = (file for file in folder.rglob("*") if file.is_file() and not file.is_symlink())
    return sum(file.stat().st_size for file in files if file.suffix != ".pyc") / 2**20
