"""The design of 2018: Flask's development server, Keras' `predict`, scikit-learn's SVC.

The networks are today's, the CNN of a quarter of the arithmetic of that of 2018: what is compared
is the way of serving them, and that comparison favours this server.
"""

import sys
from typing import Any

import keras
import numpy as np
from flask import Flask, Response, jsonify, request
from keras import layers

from loadtest.peers.models import MODELS, Predict, pixels_of, predict_svm


def network(name: str) -> keras.Model:
    with np.load(MODELS / f"{name}.npz") as arrays:
        weights = [(arrays[f"weights{i}"], arrays[f"bias{i}"]) for i in range(len(arrays) // 2)]
    inputs = x = layers.Input((28, 28))
    stack: list[Any] = []
    if name == "cnn":
        stack = [
            layers.Reshape((28, 28, 1)),
            layers.Conv2D(16, 5, padding="same", activation="relu"),
            layers.MaxPool2D(),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.MaxPool2D(),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    else:
        stack = [
            layers.Flatten(),
            layers.Dense(512, activation="relu"),
            layers.Dense(512, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    for layer in stack:
        x = layer(x)
    trained = [layer for layer in stack if layer.weights]
    for layer, values in zip(trained, weights, strict=True):
        layer.set_weights(values)
    return keras.Model(inputs, x)


def predict_keras(name: str) -> Predict:
    net = network(name)
    return lambda pixels: int(net.predict(pixels[np.newaxis] / 255, verbose=0)[0].argmax())


def application() -> Flask:
    app = Flask(__name__)
    models = {"svm": predict_svm(), "mlp": predict_keras("mlp"), "cnn": predict_keras("cnn")}

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
