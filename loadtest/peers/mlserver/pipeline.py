"""Writes the models that MLServer's scikit-learn runtime loads, with the scikit-learn it has."""

import json
import sys
from pathlib import Path

import joblib
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from loadtest.peers.mlserver.steps import features, scaled
from loadtest.peers.models import perceptron, svc


def main(folder: Path) -> None:
    """Write settings and models."""
    settings = {"parallel_workers": 0, "debug": False, "metrics_endpoint": None}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "settings.json").write_text(json.dumps(settings))
    machines = {
        "svm": make_pipeline(FunctionTransformer(features), svc()),
        "mlp": make_pipeline(FunctionTransformer(scaled), perceptron()),
    }
    for name, machine in machines.items():
        (folder / name).mkdir(exist_ok=True)
        joblib.dump(machine, folder / name / "model.joblib")
        (folder / name / "model-settings.json").write_text(
            json.dumps(
                {
                    "name": name,
                    "implementation": "mlserver_sklearn.SKLearnModel",
                    "parameters": {"uri": "./model.joblib"},
                }
            )
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
