"""The design of 2018: Flask's development server, Keras' `predict`, scikit-learn's SVM.

The networks are today's, the CNN of an eighth of the arithmetic of that of 2018: what is compared
is the way of serving them, and that comparison favours this server.
"""

import sys
from collections.abc import Sequence

import keras
import numpy as np
from flask import Flask, Response, jsonify, request
from numpy.typing import NDArray

from loadtest.peers.models import Predict, kept, pixels_of, predict_svm
from mnist_api.training.architectures import ARCHITECTURES
from mnist_api.training.recipes import CNN, MLP, NetRecipe


def network(recipe: NetRecipe, arrays: Sequence[NDArray[np.float32]]) -> keras.Model:
    """Return a network of the served weights, in which the converter folded all other factors."""
    net = ARCHITECTURES[recipe.architecture](recipe.width, recipe.dropout, recipe.momentum)
    for layer in net.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.moving_variance.assign(np.full(layer.moving_variance.shape, 1 - layer.epsilon))
        elif isinstance(layer, keras.layers.Rescaling):
            layer.scale = 1
    learned = net.trainable_variables
    # What goes before is made by the architecture itself and never learned.
    for variable, array in zip(learned, arrays[-len(learned) :], strict=True):
        variable.assign(array)
    return net


def predict_keras(recipe: NetRecipe) -> Predict:
    net = network(recipe, kept(recipe.architecture))

    def predict(pixels: NDArray[np.uint8]) -> int:
        return int(net.predict(pixels[np.newaxis] / 255, verbose=0)[0].argmax())

    # The first answer takes Keras seconds: too long for the first of many short measurements.
    predict(np.zeros((28, 28), np.uint8))
    return predict


def application() -> Flask:
    app = Flask(__name__)
    models = {"svm": predict_svm(), "mlp": predict_keras(MLP), "cnn": predict_keras(CNN)}

    @app.get("/models/")
    def names() -> Response:
        return jsonify(models=sorted(models))

    @app.post("/predict/")
    def predict() -> Response:
        question = request.get_json()
        return jsonify(prediction=models[question["model"]](pixels_of(question["image"])))

    return app


if __name__ == "__main__":
    application().run("127.0.0.1", int(sys.argv[1]))
