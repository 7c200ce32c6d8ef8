"""The loop on a bucket of an S3-compatible server, which goes away for a while."""

import json
import os
import signal
from base64 import b64encode
from pathlib import Path

import numpy as np
import pytest

from benchmarks.stages import png_of
from mnist_api.retraining.stores import open_store
from mnist_api.retraining.versions import Versions
from tests.support.bucket import running_bucket
from tests.support.loop import running_loop
from tests.support.versions import builtin, svm_that_adds
from tests.support.waiting import eventually


def test_samples_versions_and_activation_live_in_a_bucket_and_outlast_its_absence(
    tmp_path: Path, digits: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_bucket("digits") as bucket:
        for name, value in bucket.environ.items():
            monkeypatch.setenv(name, value)
        url = "s3://digits/loop"
        with running_loop(tmp_path, store=url, workers="2") as operator:
            picture = b64encode(png_of(digits["train_images"][0])).decode()
            sample = {"image": picture, "label": 0}
            assert operator.call("POST", "/samples/", sample).status == 201
            assert operator.call("POST", "/samples/", sample).status == 200
            assert operator.get("/samples/")["count"] == 1
            made = svm_that_adds(1)
            Versions(open_store(url), builtin()).add("svm", made.content, made.record)

            os.kill(bucket.process.pid, signal.SIGSTOP)
            behind = 'mnist_api_activation_behind{model="svm"}'
            eventually(lambda: operator.server.metric(behind) == 1, seconds=60)
            lost = operator.call("POST", "/models/svm/activate", {"version": made.version})
            assert (lost.status, lost.json["code"]) == (503, "store_unavailable")
            status, answer, _ = operator.server.post(
                "/predict/",
                json.dumps({"image": picture, "model": "svm"}).encode(),
                "application/json",
            )
            assert (status, answer) == (200, {"prediction": 0})
            os.kill(bucket.process.pid, signal.SIGCONT)

            reply = operator.call("POST", "/models/svm/activate", {"version": made.version})
            assert reply.status == 200
            sha256 = made.record.entry.sha256
            for worker_serves, (version, digest) in (
                (1, (made.version, sha256)),
                (0, (builtin()["svm"].version, builtin()["svm"].sha256)),
            ):
                labels = f'model="svm",sha256="{digest}",version="{version}"'
                operator.server.wait_for_metric(f"mnist_api_model_info{{{labels}}}", worker_serves)
            operator.server.wait_for_metric(behind, 0)
