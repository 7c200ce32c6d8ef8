import io

import numpy as np
import pytest
from PIL import Image

from loadtest.bodies import mistakes
from loadtest.digits import held_out
from loadtest.expectations import ExpectationError, learn, wrong_label, wrong_labels
from tests.loadtest.liar import Liar, lying
from tests.support.server import Server


def test_a_service_that_keeps_its_promise_is_learnt_from(server: Server) -> None:
    lesson = learn(server.url, held_out(100))
    assert set(lesson.promised) == {"cnn", "mlp", "svm"}
    right = sum(one.plain["cnn"] == one.digit.label for one in lesson.expected)
    assert right >= 95


def test_a_service_that_was_never_right_is_refused(server: Server) -> None:
    with (
        lying(Liar(server.url, truths=0, every=1)) as url,
        pytest.raises(ExpectationError, match="is right on"),
    ):
        learn(url, held_out(50))


def test_a_service_that_is_not_there_is_refused() -> None:
    with pytest.raises(ExpectationError, match="not answered"):
        learn("http://127.0.0.1:9", held_out(1))


def test_an_answer_that_differs_from_the_unloaded_one_is_wrong() -> None:
    expected = {"cnn": 3, "mlp": 5}
    assert wrong_label(expected, {"prediction": 3}, "cnn") is None
    assert wrong_label(expected, {"prediction": 3}, "mlp") is not None
    assert wrong_label(expected, {}, "cnn") is not None
    assert wrong_labels(expected, {"prediction": 3, "predictions": {"cnn": 3, "mlp": 5}}) is None
    assert wrong_labels(expected, {"prediction": 3, "predictions": {"cnn": 3, "mlp": 3}})


def test_every_mistake_meets_the_refusal_of_the_contract(server: Server) -> None:
    for name, mistake in mistakes(held_out(1)[0].png).items():
        status, answer, _ = server.post("/predict/", mistake.body, mistake.content_type)
        assert (status, answer["code"]) == (mistake.status, mistake.code), name


def test_a_file_unlike_any_other_shows_the_same_digit() -> None:
    (digit,) = held_out(1)
    first, second = digit.unlike_any_other(1), digit.unlike_any_other(2)
    assert first != second
    for content in (first, second):
        assert np.array_equal(np.asarray(Image.open(io.BytesIO(content))), digit.pixels)


def test_a_drawing_grows_to_the_whole_digit() -> None:
    (digit,) = held_out(1)
    ink = []
    for share in (0.25, 0.5, 0.75, 1.0):
        pixels = np.asarray(Image.open(io.BytesIO(digit.drawing(share))))
        assert pixels.shape == (112, 112)
        ink.append(int((255 - pixels.astype(int)).sum()))
    assert ink == sorted(ink)
    assert ink[0] < ink[-1] / 2
