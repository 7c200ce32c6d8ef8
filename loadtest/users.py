"""Who asks.

All users but the eager one pause as people and programs do; the eager one asks as soon as it has
its answer, to find the rate at which a service saturates.
"""

import random

import gevent
from locust import between, constant, task

from loadtest.asking import JSON, MnistUser, answer_of, json_of
from loadtest.bodies import Mistake, infer, mistakes, predict

POPULAR = 10
BATCH = 16


class DrawUser(MnistUser):
    """A person who draws digits on the page, which asks while the drawing grows."""

    weight = 4
    wait_time = between(0.5, 1.5)

    @task
    def draw(self) -> None:
        """Ask for a quarter, half and three quarters of a digit, and for the whole."""
        chosen = self.digit()
        for share in (0.25, 0.5, 0.75):
            self._look(chosen.digit.drawing(share))
            gevent.sleep(random.uniform(0.12, 0.3))
        body = predict(chosen.digit.drawn, probabilities=True, normalised=True)
        self.ask("draw: finished", body, chosen.drawn, chosen.digit.label)

    def _look(self, drawing: bytes) -> None:
        body = predict(drawing, probabilities=True, normalised=True)
        with self.client.post(
            "/predict/", data=body, headers=JSON, name="draw: unfinished", catch_response=True
        ) as response:
            # Part of a digit may be any digit; that it is answered with one can be checked.
            answer = answer_of(response)
            if answer is not None and answer.get("prediction") not in range(10):
                response.failure(f"no digit: {answer}")


class BatchUser(MnistUser):
    """A job that classifies many digits a request, by the Open Inference Protocol v2."""

    weight = 1
    wait_time = constant(0.5)

    @task
    def infer(self) -> None:
        """Ask one model for 16 digits and compare each label."""
        model = random.choice(list(self.run_.lesson.promised))
        batch = [self.digit() for _ in range(BATCH)]
        with self.client.post(
            f"/v2/models/{model}/infer",
            data=infer([one.digit for one in batch]),
            headers=JSON,
            name=f"{model}: batch of {BATCH}",
            catch_response=True,
        ) as response:
            answer = answer_of(response)
            if answer is None:
                return
            said = answer["outputs"][0]["data"]
            wanted = [one.plain[model] for one in batch]
            if said != wanted:
                response.failure(f"{model} answers {said} where it answered {wanted} unloaded")
            for one, digit in zip(batch, said, strict=True):
                self.run_.count(model, digit == one.digit.label)


class CacheUser(MnistUser):
    """A program that sends some images again and again, and others once."""

    weight = 2
    wait_time = between(0.02, 0.1)

    @task
    def send(self) -> None:
        """Ask one model for a popular image, or for one that nobody has ever sent."""
        model = random.choice(list(self.run_.lesson.promised))
        repeated = random.random() < self.run_.options.repeated
        if repeated:
            chosen = random.choice(self.run_.lesson.expected[:POPULAR])
            content = chosen.digit.png
        else:
            chosen = self.digit()
            content = chosen.digit.unlike_any_other(next(self.run_.numbers))
        name = f"{model}: {'repeated' if repeated else 'new'}"
        body = predict(content, model=model)
        self.ask(name, body, chosen.plain, chosen.digit.label, model)


class CarelessUser(MnistUser):
    """A client that now and then sends what no server can answer."""

    weight = 2
    wait_time = between(0.02, 0.1)

    @task
    def send(self) -> None:
        """Ask for all models, sometimes with a mistake."""
        chosen = self.digit()
        if random.random() < self.run_.options.bad:
            name, mistake = random.choice(list(mistakes(chosen.digit.png).items()))
            self._err(f"bad: {name}", mistake)
        else:
            body = predict(chosen.digit.png)
            self.ask("all models", body, chosen.plain, chosen.digit.label)

    def _err(self, name: str, mistake: Mistake) -> None:
        with self.client.post(
            "/predict/",
            data=mistake.body,
            headers={"Content-Type": mistake.content_type},
            name=name,
            catch_response=True,
        ) as response:
            got = (response.status_code, json_of(response).get("code"))
            if got == (mistake.status, mistake.code):
                response.success()
            else:
                response.failure(f"{got}, the contract says {(mistake.status, mistake.code)}")


class EagerUser(MnistUser):
    """A program that never pauses. The service computes every answer: no image comes twice."""

    wait_time = constant(0)

    @task
    def send(self) -> None:
        """Ask the CNN."""
        chosen = self.digit()
        body = predict(chosen.digit.unlike_any_other(next(self.run_.numbers)), model="cnn")
        self.ask("cnn: eager", body, chosen.plain, chosen.digit.label, "cnn")


class EagerDrawUser(MnistUser):
    """A program that never pauses and asks all models for drawings.

    Each takes the service several times as long as a file of 28x28, so that one core of locust
    keeps several small pods busy.
    """

    wait_time = constant(0)

    @task
    def send(self) -> None:
        """Ask for a whole drawing."""
        chosen = self.digit()
        self.ask("drawing: eager", predict(chosen.digit.drawn), chosen.drawn, chosen.digit.label)
