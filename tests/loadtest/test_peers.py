"""The peers answer by the models that we serve, in the shapes that other libraries want."""

import numpy as np
import pytest
from numpy.typing import NDArray

from loadtest.digits import held_out
from loadtest.peers.flask2018.server import network
from loadtest.peers.models import arrays_of, file_of, machine, predict_litert
from mnist_api.models.hog import hog
from mnist_api.models.litert import LiteRTModel
from mnist_api.models.svm import SvmModel
from mnist_api.training.recipes import CNN, MLP, NetRecipe


@pytest.fixture(scope="module")
def pictures() -> NDArray[np.uint8]:
    return np.stack([digit.pixels for digit in held_out(500)])


def test_scikit_learn_s_machine_decides_as_ours(pictures: NDArray[np.uint8]) -> None:
    rebuilt, features = machine(), hog(pictures)
    decided = SvmModel(file_of("svm").read_bytes()).decision(features)
    assert rebuilt.decision_function(features) == pytest.approx(decided, abs=1e-4)
    assert (rebuilt.predict(features) == decided.argmax(axis=1)).all()


@pytest.mark.parametrize("recipe", [CNN, MLP], ids=lambda recipe: recipe.architecture)
def test_networks_answer_as_ours(recipe: NetRecipe, pictures: NDArray[np.uint8]) -> None:
    name = recipe.architecture
    served = LiteRTModel(file_of(name).read_bytes()).predict(pictures).argmax(axis=1)
    by_keras = network(recipe, arrays_of(name))(pictures / 255, training=False)
    # LiteRT also rounds what enters a layer of 8 bits, so a digit between two may be the other.
    assert (np.argmax(by_keras, axis=1) != served).mean() <= 0.004
    by_litert = predict_litert(name)
    assert [by_litert(picture) for picture in pictures] == served.tolist()
