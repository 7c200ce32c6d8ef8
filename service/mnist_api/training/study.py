"""`python -m mnist_api.training.study`: how much the accuracy owes to the draw of the 500.

The recipes as they are, on five draws: the committed one (0) and four more, each judged on its own
9,500. Temperatures are the committed draw's, as recipes are: both are settled there, once, by
cross-validation. What is finished is kept; several processes may share the draws.
"""

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from mnist_api.models.litert import LiteRTModel
from mnist_api.settings import Settings
from mnist_api.training.card import STUDY, DrawResult, Study, read_study
from mnist_api.training.dataset import Digits
from mnist_api.training.evaluate import evaluate, in_parts
from mnist_api.training.export import as_served, to_litert
from mnist_api.training.making import Lessons
from mnist_api.training.publish import pretty, write
from mnist_api.training.recipes import CNN, MLP, POOL, RECIPES, SVM, TEACHER, TEACHERS
from mnist_api.training.store import Arrays, Store
from mnist_api.training.threads import one_thread

Floats = NDArray[np.float32]

DRAWS = (0, 1, 2, 3, 4)


def scores(model: str, digits: Digits, store: Store) -> Floats:
    """Return what a model, trained on a draw, says of the draw's 9,500, not yet calibrated."""
    lessons = Lessons.of(digits.train_images, digits.train_labels, store)
    served = LiteRTModel(as_served(to_litert(lessons.model(model)), model))
    return in_parts(served.predict, digits.holdout_images)


def study(committed: Digits, store: Store, draw: int, model: str) -> Floats:
    """Return the scores of a model on a draw's hold-out, made before or now."""
    digits = committed.redrawn(draw) if draw else committed
    recipes = {
        "svm": (SVM,),
        "cnn": (CNN, POOL, TEACHERS),
        "mlp": (MLP, TEACHER, POOL),
    }[model]

    def make() -> Arrays:
        return {"scores": scores(model, digits, store)}

    kept = store.keep(f"draw-{draw}-{model}", (draw, recipes), make)["scores"]
    right = float((kept.argmax(axis=1) == digits.holdout_labels).mean())
    print(f"draw {draw}, {model}: {100 * right:.2f} %", flush=True)
    return kept


def summary(committed: Digits, store: Store, model: str) -> list[DrawResult]:
    """Return what a model comes to on every draw."""
    first = Lessons.of(committed.train_images, committed.train_labels, store)
    temperature = first.temperature(model)
    results = []
    for draw in DRAWS:
        labels = (committed.redrawn(draw) if draw else committed).holdout_labels
        calibrated = study(committed, store, draw, model) / np.float32(temperature)
        figures = evaluate(softmax(calibrated, axis=1), labels)
        results.append(DrawResult(draw, figures.accuracy, figures.expected_calibration_error))
    return results


def main() -> None:
    """Train what was asked for, and write the summary of each model that has all draws."""
    parser = argparse.ArgumentParser(prog="python -m mnist_api.training.study", description=__doc__)
    parser.add_argument("--draw", type=int, choices=DRAWS, action="append")
    parser.add_argument("--model", choices=RECIPES, action="append")
    parser.add_argument("--weights", type=Path, default=Settings().weights_folder)
    parser.add_argument("--store", type=Path, default=Path("build/training"))
    options = parser.parse_args()
    one_thread()
    digits, store = Digits.load(options.weights / "digits.npz"), Store(options.store)
    for model in options.model or RECIPES:
        for draw in options.draw or DRAWS:
            study(digits, store, draw, model)
        if options.draw is None:
            known = read_study(options.weights)
            models = {**(known.models if known else {}), model: summary(digits, store, model)}
            write(options.weights / STUDY, pretty(Study(dict(sorted(models.items())))))


if __name__ == "__main__":
    main()
