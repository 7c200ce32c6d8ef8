"""Starts jobs as Jobs of Kubernetes, made from a CronJob's template, and looks after them."""

import threading
import time
from contextlib import suppress

from mnist_api.errors import ClusterUnavailable, StoreUnavailable, TrainingUnavailable
from mnist_api.logs import LOGGER
from mnist_api.models.manifest import now
from mnist_api.retraining.api_server import ApiServer, Object
from mnist_api.retraining.jobs import End, Job, Jobs, Seen
from mnist_api.retraining.stores import ObjectStore

_LABEL = "mnist-api/job"
# A Job's name is a label of its pods, of 63 letters at most; an id and its hyphen take 31.
_PREFIX_LETTERS = 32
# Between the job in the store and the Job in the cluster lie a few calls.
_STARTING_SECONDS = 30.0
_LOOK_SECONDS = 5.0


class Cluster:
    """The Jobs of this pod's namespace. Calls block."""

    def __init__(self, template: str, server: ApiServer | None = None) -> None:
        """Name the CronJob to copy; the API server is the pod's own unless one is given."""
        self._template = template
        self._given = server

    def template(self) -> Object:
        """Return the CronJob.

        Raises:
            TrainingUnavailable: there is none, or this pod may not read it.
            ClusterUnavailable: the cluster cannot be asked.
        """
        found = self._server.call("GET", "cronjobs", self._template)
        if not found:
            raise TrainingUnavailable(f"the cluster has no CronJob {self._template}")
        return found

    def create(self, job: Job) -> None:
        """Create a job's Job.

        Raises:
            TrainingUnavailable, ClusterUnavailable: as `template`.
        """
        template = self.template()
        self._server.call("POST", "jobs", body=_manifest(self._name(job), job, template))

    def delete(self, job: Job) -> None:
        """Delete a job's Job and its pod; nothing where it is gone.

        Raises:
            TrainingUnavailable, ClusterUnavailable: as `template`.
        """
        options = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Background"}
        self._server.call("DELETE", "jobs", self._name(job), options)

    def look(self, job: Job) -> Seen | None:
        """Return what becomes of a job's Job, None where the cluster does not say."""
        try:
            found = self._server.call("GET", "jobs", self._name(job))
        except (TrainingUnavailable, ClusterUnavailable):
            return None
        if not found:
            is_starting = time.time() < job.beat + _STARTING_SECONDS
            return None if is_starting else Seen(is_there=False, how_it_ended="its Job is gone")
        for condition in found.get("status", {}).get("conditions", []):
            if condition["type"] in {"Failed", "Complete"} and condition["status"] == "True":
                why = condition.get("reason", condition["type"])
                return Seen(is_there=False, how_it_ended=f"its Job ended without a word: {why}")
        return Seen(is_there=True)

    @property
    def _server(self) -> ApiServer:
        # Looked for when it is needed: what cannot train may still serve.
        if self._given is None:
            self._given = ApiServer.of_pod()
        return self._given

    def _name(self, job: Job) -> str:
        prefix = self._template[:_PREFIX_LETTERS].rstrip("-.")
        return job.place or f"{prefix}-{job.id.lower()}"


def _manifest(name: str, job: Job, template: Object) -> Object:
    """Return the Job that runs a job: the template's, told which one it is."""
    wanted = template["spec"]["jobTemplate"]
    metadata = wanted.get("metadata", {})
    spec = dict(wanted["spec"])
    pod = dict(spec["template"])
    pod["spec"] = dict(pod["spec"])
    first, *others = pod["spec"]["containers"]
    pod["spec"]["containers"] = [{**first, "args": [job.id]}, *others]
    spec["template"] = pod
    owner = {"apiVersion": "batch/v1", "kind": "CronJob"}
    owner.update({key: template["metadata"][key] for key in ("name", "uid")})
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": name,
            "labels": {**metadata.get("labels", {}), _LABEL: job.id},
            "annotations": metadata.get("annotations", {}),
            # It goes with the CronJob when the chart goes.
            "ownerReferences": [owner],
        },
        "spec": spec,
    }


class ClusterRunner:
    """Runs jobs as Jobs; any replica can tell how one fares, so none is bound to who began it."""

    def __init__(self, store: ObjectStore, cluster: Cluster) -> None:
        self._cluster = cluster
        self.jobs = Jobs(store, witness=cluster.look)

    def check(self) -> None:
        """Make sure that jobs can run in this cluster.

        Raises:
            TrainingUnavailable: there is no template, or it may not be read.
            ClusterUnavailable: the cluster cannot be asked.
        """
        self._cluster.template()

    def start(self, job: Job) -> None:
        """Create a job's Job, and watch until it has ended.

        Raises:
            TrainingUnavailable, ClusterUnavailable: it cannot be created.
        """
        try:
            self._cluster.create(job)
        except (TrainingUnavailable, ClusterUnavailable) as error:
            self.jobs.end(job.id, End("failed", now(), error.message))
            raise
        threading.Thread(target=self._watch, args=(job.id,), name=job.id, daemon=True).start()

    def stop(self, job: Job, by: str) -> None:
        """Delete a cancelled job's Job, which may hang or wait for a node for ever."""
        try:
            self._cluster.delete(job)
        except (TrainingUnavailable, ClusterUnavailable) as error:
            # Its process sees for itself that it was cancelled, if there is one.
            LOGGER.error("a Job is not deleted", extra={"fields": {"reason": error.message}})
            return
        self.jobs.end(job.id, End("cancelled", now(), f"cancelled by {by}"))

    def _watch(self, id_: str) -> None:
        """Look now and then, so that an end is told even where nobody asks."""
        while True:
            time.sleep(_LOOK_SECONDS)
            with suppress(StoreUnavailable):
                if self.jobs.tell(id_).end is not None:
                    return
