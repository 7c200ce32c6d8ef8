"""`/models/{name}/retrain` and `/jobs/`: trainings, asked for, watched and cancelled."""

import asyncio
from collections.abc import Sequence
from typing import Final

import msgspec
from falcon.asgi import Request, Response

from mnist_api.http.auth import Gatekeeper
from mnist_api.http.body import read_body
from mnist_api.http.json_body import parsed
from mnist_api.http.models import find_model
from mnist_api.http.paging import page_of
from mnist_api.models.catalog import Catalog
from mnist_api.retraining.jobs import EffortName, Job, Jobs, Story
from mnist_api.retraining.runner import Runner
from mnist_api.retraining.verdict import Verdict


class RetrainRequest(msgspec.Struct, frozen=True):
    """How much work to put in: `quick` is for trying it out; the gate is the same."""

    effort: EffortName = "full"


class JobDescription(msgspec.Struct, frozen=True):
    """A training."""

    id: str
    model: str
    effort: EffortName
    state: str
    """`running`, or how it ended: `promoted`, `refused`, `failed`, `cancelled`."""
    by: str
    created: str
    ended: str | None
    percent: float
    seconds_left: float | None
    stage: str
    reason: str
    """Why it was refused, failed or cancelled."""
    version: str | None
    """What may be activated now."""
    verdict: Verdict | None
    log: Sequence[str]


class JobList(msgspec.Struct, frozen=True):
    """Trainings, oldest first."""

    jobs: Sequence[JobDescription]
    next: str | None


_DECODER: Final = msgspec.json.Decoder(RetrainRequest)


class RetrainResource:
    """Starts trainings."""

    def __init__(
        self,
        gatekeeper: Gatekeeper,
        catalog: Catalog,
        runner: Runner,
        max_body_bytes: int,
    ) -> None:
        self._gatekeeper = gatekeeper
        self._catalog = catalog
        self._runner = runner
        self._max_body_bytes = max_body_bytes

    async def on_post(self, req: Request, resp: Response, name: str) -> None:
        """Start a training: 202, and where to watch it."""
        body = await read_body(req, self._max_body_bytes)
        by = self._gatekeeper.writer(req)
        find_model(self._catalog, name)
        asked = parsed(_DECODER, body) if body else RetrainRequest()
        job = await asyncio.to_thread(self._start, name, asked.effort, by)
        resp.status = 202
        resp.set_header("Location", f"/jobs/{job.id}")
        resp.data = msgspec.json.encode(described(Story(job, None, None)))

    def _start(self, name: str, effort: EffortName, by: str) -> Job:
        self._runner.check()
        job = self._runner.jobs.ask(name, effort, by)
        self._runner.start(job)
        return job


class JobsResource:
    """Lists trainings."""

    def __init__(self, gatekeeper: Gatekeeper, jobs: Jobs) -> None:
        self._gatekeeper = gatekeeper
        self._jobs = jobs

    async def on_get(self, req: Request, resp: Response) -> None:
        """Answer one page of them."""
        self._gatekeeper.reader(req)
        stories = await asyncio.to_thread(self._jobs.tell_all)
        page, following = page_of(req, stories, lambda story: story.job.id)
        resp.data = msgspec.json.encode(JobList([described(story) for story in page], following))


class JobResource:
    """Shows one training, or stops it."""

    def __init__(self, gatekeeper: Gatekeeper, runner: Runner) -> None:
        self._gatekeeper = gatekeeper
        self._runner = runner

    async def on_get(self, req: Request, resp: Response, id_: str) -> None:
        """Answer how far it is, or how it ended."""
        self._gatekeeper.reader(req)
        story = await asyncio.to_thread(self._runner.jobs.tell, id_)
        resp.data = msgspec.json.encode(described(story))

    async def on_delete(self, req: Request, resp: Response, id_: str) -> None:
        """Have it stop within seconds: 202. One that has ended stays as it is."""
        by = self._gatekeeper.writer(req)
        story = await asyncio.to_thread(self._stopped, id_, by)
        resp.status = 202
        resp.data = msgspec.json.encode(described(story))

    def _stopped(self, id_: str, by: str) -> Story:
        jobs = self._runner.jobs
        story = jobs.cancel(id_, by)
        if story.end is not None:
            return story
        self._runner.stop(story.job, by)
        return jobs.tell(id_)


def described(story: Story) -> JobDescription:
    """Return what is told of a job."""
    job, progress, end = story.job, story.progress, story.end
    return JobDescription(
        id=job.id,
        model=job.model,
        effort=job.effort,
        state="running" if end is None else end.state,
        by=job.by,
        created=job.created,
        ended=None if end is None else end.at,
        percent=0.0 if progress is None else progress.percent,
        seconds_left=None if progress is None or end is not None else progress.seconds_left,
        stage="starting" if progress is None else progress.stage,
        reason="" if end is None else end.reason,
        version=None if end is None else end.version,
        verdict=None if end is None else end.verdict,
        log=() if progress is None else progress.log,
    )
