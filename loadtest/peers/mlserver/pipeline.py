"""Writes the folder that MLServer serves, with the scikit-learn it has."""

import json
import sys
from pathlib import Path

import joblib
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from loadtest.peers.models import features, kept, machine

RUNTIMES = {
    "svm": "mlserver_sklearn.SKLearnModel",
    "mlp": "loadtest.peers.mlserver.networks.Network",
    "cnn": "loadtest.peers.mlserver.networks.Network",
}


def main(folder: Path) -> None:
    """Write settings and the SVM."""
    settings = {"parallel_workers": 0, "debug": False, "metrics_endpoint": None}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "settings.json").write_text(json.dumps(settings))
    for name, runtime in RUNTIMES.items():
        model = {"name": name, "implementation": runtime, "parameters": {"uri": "./model.joblib"}}
        (folder / name).mkdir(exist_ok=True)
        (folder / name / "model-settings.json").write_text(json.dumps(model))
    joblib.dump(
        make_pipeline(FunctionTransformer(features), machine(kept("svm"))),
        folder / "svm/model.joblib",
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
