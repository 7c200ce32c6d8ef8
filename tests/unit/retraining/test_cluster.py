"""Jobs of Kubernetes: made from the template, looked at, deleted; and a cluster that is ill."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mnist_api.errors import ApiError, ClusterUnavailable, TrainingUnavailable
from mnist_api.retraining import cluster as cluster_module
from mnist_api.retraining.api_server import ApiServer
from mnist_api.retraining.cluster import Cluster, ClusterRunner
from mnist_api.retraining.jobs import Jobs
from mnist_api.retraining.stores import ObjectStore
from tests.support.api_server import TEMPLATE, ApiState, running_api_server
from tests.support.waiting import eventually


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ApiState]:
    folder = tmp_path / "account"
    folder.mkdir()
    with running_api_server(folder) as state:
        monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
        monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(state.port))
        yield state


@pytest.fixture
def runner(api: ApiState, store: ObjectStore) -> ClusterRunner:
    return ClusterRunner(store, Cluster(TEMPLATE, ApiServer.of_pod(api.account)))


def test_a_job_is_the_template_told_which_training_it_is(
    api: ApiState, runner: ClusterRunner
) -> None:
    runner.check()
    job = runner.jobs.ask("svm", "quick", "ann")
    runner.start(job)
    [(name, made)] = api.jobs.items()
    assert name == f"{TEMPLATE}-{job.id.lower()}"
    assert len(name) <= 63
    assert made["metadata"]["labels"] == {"a": "b", "mnist-api/job": job.id}
    assert [owner["uid"] for owner in made["metadata"]["ownerReferences"]] == ["1-2-3"]
    [container] = made["spec"]["template"]["spec"]["containers"]
    assert container == {"name": "train", "image": "mnist-api:train", "args": [job.id]}
    assert runner.jobs.tell(job.id).end is None


@pytest.mark.parametrize(
    ("kind", "reason"), [("Failed", "BackoffLimitExceeded"), ("Complete", "CompletionsReached")]
)
def test_a_job_that_ended_without_a_word_has_failed_for_every_replica(
    api: ApiState, runner: ClusterRunner, store: ObjectStore, kind: str, reason: str
) -> None:
    job = runner.jobs.ask("svm", "quick", "ann")
    runner.start(job)
    api.finish(f"{TEMPLATE}-{job.id.lower()}", kind, reason)
    other = ClusterRunner(store, Cluster(TEMPLATE, ApiServer.of_pod(api.account)))
    end = other.jobs.tell(job.id).end
    assert end is not None
    assert (end.state, end.reason) == ("failed", f"its Job ended without a word: {reason}")
    assert runner.jobs.ask("svm", "quick", "bob")


def test_who_began_a_job_notices_its_end_though_nobody_asks(
    api: ApiState, runner: ClusterRunner, store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster_module, "_LOOK_SECONDS", 0.1)
    job = runner.jobs.ask("svm", "quick", "ann")
    runner.start(job)
    api.finish(f"{TEMPLATE}-{job.id.lower()}", "Failed", "DeadlineExceeded")
    eventually(lambda: store.get(f"jobs/{job.id}/end") is not None)


def test_a_job_whose_pod_waits_for_a_node_is_not_given_up(
    api: ApiState, store: ObjectStore
) -> None:
    cluster = Cluster(TEMPLATE, ApiServer.of_pod(api.account))
    long_ago = Jobs(store, clock=lambda: 1000.0).ask("svm", "quick", "ann")
    cluster.create(long_ago)
    assert Jobs(store, witness=cluster.look).tell(long_ago.id).end is None
    cluster.delete(long_ago)
    end = Jobs(store, witness=cluster.look).tell(long_ago.id).end
    assert end is not None
    assert (end.state, end.reason) == ("failed", "its Job is gone")


def test_a_job_in_the_store_has_half_a_minute_until_it_is_in_the_cluster(
    runner: ClusterRunner,
) -> None:
    assert runner.jobs.tell(runner.jobs.ask("svm", "quick", "ann").id).end is None


def test_a_job_that_the_schedule_began_is_looked_for_under_its_own_name(
    api: ApiState, runner: ClusterRunner, store: ObjectStore
) -> None:
    api.jobs["mnist-29384756"] = {"status": {"active": 1}}
    jobs = Jobs(store, clock=lambda: 1000.0)
    job = jobs.ask("svm", "full", "schedule", "mnist-29384756")
    assert runner.jobs.tell(job.id).end is None
    api.finish("mnist-29384756", "Failed", "DeadlineExceeded")
    assert runner.jobs.tell(job.id).end is not None


def test_cancelling_deletes_the_job_at_once(api: ApiState, runner: ClusterRunner) -> None:
    job = runner.jobs.ask("svm", "quick", "ann")
    runner.start(job)
    runner.jobs.cancel(job.id, "bob")
    runner.stop(job, "bob")
    assert not api.jobs
    end = runner.jobs.tell(job.id).end
    assert end is not None
    assert (end.state, end.reason) == ("cancelled", "cancelled by bob")


def test_a_cluster_that_does_not_answer_leaves_cancelling_to_the_process(
    api: ApiState, runner: ClusterRunner
) -> None:
    job = runner.jobs.ask("svm", "quick", "ann")
    runner.start(job)
    runner.jobs.cancel(job.id, "bob")
    api.status = 503
    runner.stop(job, "bob")
    assert runner.jobs.tell(job.id).end is None
    assert runner.jobs.cancelled_by(job.id) == "bob"


@pytest.mark.parametrize(
    ("status", "kind", "sentence"),
    [
        (403, TrainingUnavailable, "jobs is forbidden"),
        (500, ClusterUnavailable, "answered 500"),
        (429, ClusterUnavailable, "answered 429"),
    ],
)
def test_a_refusal_is_told_and_ends_the_job(
    api: ApiState,
    runner: ClusterRunner,
    status: int,
    kind: type[ApiError],
    sentence: str,
) -> None:
    job = runner.jobs.ask("svm", "quick", "ann")
    api.status = status
    with pytest.raises(kind, match=sentence):
        runner.check()
    with pytest.raises(kind, match=sentence):
        runner.start(job)
    end = runner.jobs.tell(job.id).end
    assert end is not None
    assert end.state == "failed"


def test_a_missing_template_a_stranger_and_nobody_at_all_are_told(
    api: ApiState, runner: ClusterRunner, store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.has_template = False
    with pytest.raises(TrainingUnavailable, match=f"no CronJob {TEMPLATE}"):
        runner.check()
    (api.account / "token").write_text("another")
    with pytest.raises(TrainingUnavailable, match="Unauthorized"):
        runner.check()
    closed = ApiServer("127.0.0.1", 1, api.account)
    with pytest.raises(ClusterUnavailable, match="cannot be asked"):
        ClusterRunner(store, Cluster(TEMPLATE, closed)).check()
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST")
    with pytest.raises(TrainingUnavailable, match="no pod whose account"):
        ClusterRunner(store, Cluster(TEMPLATE)).check()


def test_a_server_with_another_certificate_is_not_told_the_token(
    api: ApiState, tmp_path: Path
) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    with running_api_server(folder) as other:
        stranger = ApiServer("127.0.0.1", other.port, api.account)
        with pytest.raises(ClusterUnavailable, match="certificate"):
            stranger.call("GET", "cronjobs", TEMPLATE)
