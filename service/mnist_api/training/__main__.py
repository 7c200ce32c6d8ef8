"""`python -m mnist_api.training [--model NAME ...]`: make the models anew from the 500 digits."""

import argparse
import os
from dataclasses import replace
from functools import partial
from pathlib import Path

# One thread: the same seeds give the same nets, and 25 steps a second are as fast as two threads'.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from mnist_api.models.litert import LiteRTModel
from mnist_api.models.svm import SvmModel
from mnist_api.settings import Settings
from mnist_api.training.calibrate import Score, fit_temperature, out_of_fold_scores
from mnist_api.training.dataset import Digits, Images, Labels
from mnist_api.training.evaluate import evaluate
from mnist_api.training.export import to_litert, with_probabilities
from mnist_api.training.publish import Made, publish
from mnist_api.training.recipes import CNN, MLP, SVM, NetRecipe
from mnist_api.training.svm_fit import fit_svm, to_npz
from mnist_api.training.train_net import Teacher, train_net

_FOLDS = 5
_FOLD_SEED = 500
# Nets that only judge a fold get a third of the schedule: their scores' spread is what is wanted,
# and it takes ten nets instead of one.
_FOLD_SHARE = 3

Floats = NDArray[np.float32]


def logits(net: keras.Model, pictures: Floats) -> Floats:
    """Score pictures, float32 (n, 28, 28) in 0 to 1."""
    scores: Floats = net.predict(pictures, batch_size=1000, verbose=0)
    return scores


def _shortened(recipe: NetRecipe) -> NetRecipe:
    return replace(
        recipe,
        name=f"{recipe.name}, fold",
        steps=recipe.steps // _FOLD_SHARE,
        images=recipe.images // _FOLD_SHARE,
    )


def _fit_for_fold(recipe: NetRecipe, images: Images, labels: Labels) -> Score:
    """Train a net, and its teacher, on a fold's inside only."""
    teacher: Teacher | None = None
    if recipe.teacher is not None:
        teacher = partial(logits, train_net(_shortened(CNN), images, labels))
    net = train_net(_shortened(recipe), images, labels, teacher)
    return lambda outside: logits(net, (outside / np.float32(255)).astype(np.float32))


def make_net(
    recipe: NetRecipe, digits: Digits, teacher: Teacher | None
) -> tuple[keras.Model, Made]:
    """Train, calibrate, export and judge a network; return it as trained, and as to be served."""
    images, labels = digits.train_images, digits.train_labels
    net = train_net(recipe, images, labels, teacher)
    scores = out_of_fold_scores(partial(_fit_for_fold, recipe), images, labels, _FOLDS, _FOLD_SEED)
    content = to_litert(with_probabilities(net, fit_temperature(scores, labels)))
    return net, _judged("litert", content, LiteRTModel(content).predict, recipe.name, digits)


def make_svm(digits: Digits) -> Made:
    """Fit, calibrate, lay out and judge the SVM."""

    def fit(images: Images, labels: Labels) -> Score:
        model = SvmModel(to_npz(fit_svm(SVM, images, labels), temperature=1.0))
        return model.scores

    images, labels = digits.train_images, digits.train_labels
    scores = out_of_fold_scores(fit, images, labels, _FOLDS, _FOLD_SEED)
    content = to_npz(fit_svm(SVM, images, labels), fit_temperature(scores, labels))
    return _judged("svm", content, SvmModel(content).predict, SVM.name, digits)


def _judged(runtime: str, content: bytes, predict: Score, recipe: str, digits: Digits) -> Made:
    probabilities = np.concatenate([predict(part) for part in np.split(digits.holdout_images, 19)])
    evaluation = evaluate(probabilities, digits.holdout_labels)
    print(f"{recipe}: {100 * evaluation.accuracy:.2f} % of {evaluation.images} held-out digits")
    return Made(runtime, content, recipe, len(digits.train_labels), evaluation)


def main() -> None:
    """Make what was asked for and publish each model as soon as it is done."""
    parser = argparse.ArgumentParser(prog="python -m mnist_api.training", description=__doc__)
    parser.add_argument("--model", choices=["cnn", "mlp", "svm"], action="append")
    parser.add_argument("--weights", type=Path, default=Settings().weights_folder)
    options = parser.parse_args()
    wanted = options.model or ["svm", "cnn", "mlp"]
    tf.config.threading.set_intra_op_parallelism_threads(1)
    digits = Digits.load(options.weights / "digits.npz")
    if "svm" in wanted:
        publish(options.weights, {"svm": make_svm(digits)})
    if not {"cnn", "mlp"} & set(wanted):
        return
    cnn, made = make_net(CNN, digits, None)
    if "cnn" in wanted:
        publish(options.weights, {"cnn": made})
    if "mlp" in wanted:
        _, made = make_net(MLP, digits, partial(logits, cnn))
        publish(options.weights, {"mlp": made})


if __name__ == "__main__":
    main()
