"""The peers answer by the models that we serve, in the shapes that other libraries want."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import softmax

from loadtest.digits import held_out
from loadtest.peers.flask2018.server import network
from loadtest.peers.models import arrays_of, file_of, machine, predict_litert
from mnist_api.models.litert import LiteRTModel
from mnist_api.training.recipes import CNN, MLP, NetRecipe
from mnist_api.training.svm_fit import features_of


@pytest.fixture(scope="module")
def pictures() -> NDArray[np.uint8]:
    return np.stack([digit.pixels for digit in held_out(500)])


def test_scikit_learn_s_machine_decides_as_ours(pictures: NDArray[np.uint8]) -> None:
    rebuilt, features = machine(arrays_of("svm")), features_of(pictures)
    served = LiteRTModel(file_of("svm").read_bytes()).predict(pictures)
    scores = rebuilt.decision_function(features)
    assert softmax(scores, axis=1) == pytest.approx(served, abs=1e-5)
    assert (rebuilt.predict(features) == served.argmax(axis=1)).all()


@pytest.mark.parametrize("recipe", [CNN, MLP], ids=lambda recipe: recipe.architecture)
def test_networks_answer_as_ours(recipe: NetRecipe, pictures: NDArray[np.uint8]) -> None:
    name = recipe.architecture
    served = LiteRTModel(file_of(name).read_bytes()).predict(pictures).argmax(axis=1)
    by_keras = network(recipe, arrays_of(name))(pictures / 255, training=False)
    # LiteRT also rounds what enters a layer of 8 bits, so a digit between two may be the other.
    assert (np.argmax(by_keras, axis=1) != served).mean() <= 0.004
    by_litert = predict_litert(name)
    assert [by_litert(picture) for picture in pictures] == served.tolist()
