"""`python -m mnist_api.training [--model NAME ...]`: make the models anew from the 500 digits.

Each step is kept in `--store` and named by the recipe and the digits it comes from: training that
was interrupted goes on where it was, and whoever changes a recipe makes again what depends on it.
"""

import argparse
from pathlib import Path

from mnist_api.models.litert import LiteRTModel
from mnist_api.settings import Settings
from mnist_api.training.dataset import Digits
from mnist_api.training.evaluate import evaluate, in_parts
from mnist_api.training.export import export, with_probabilities
from mnist_api.training.making import Lessons
from mnist_api.training.publish import Made, publish
from mnist_api.training.recipes import RECIPES
from mnist_api.training.report import report
from mnist_api.training.store import Store
from mnist_api.training.threads import one_thread


def _make(name: str, lessons: Lessons, digits: Digits) -> Made:
    temperature = lessons.temperature(name)
    content = export(with_probabilities(lessons.model(name), temperature), digits.holdout_images)
    says = in_parts(LiteRTModel(content).predict, digits.holdout_images)
    accuracy = evaluate(says, digits.holdout_labels).accuracy
    recipe = RECIPES[name].name
    print(f"{recipe}: {100 * accuracy:.2f} % of {len(says)} held-out digits")
    return Made(content, recipe, len(digits.train_labels), accuracy, len(says))


def main() -> None:
    """Make what was asked for, publish each model as soon as it is done, and report on all."""
    parser = argparse.ArgumentParser(prog="python -m mnist_api.training", description=__doc__)
    parser.add_argument("--model", choices=RECIPES, action="append")
    parser.add_argument("--weights", type=Path, default=Settings().weights_folder)
    parser.add_argument("--store", type=Path, default=Path("build/training"))
    parser.add_argument("--report-only", action="store_true", help="judge what there is")
    options = parser.parse_args()
    one_thread()
    digits = Digits.load(options.weights / "digits.npz")
    if not options.report_only:
        lessons = Lessons.of(digits.train_images, digits.train_labels, Store(options.store))
        for name in options.model or RECIPES:
            publish(options.weights, {name: _make(name, lessons, digits)})
    report(options.weights, digits)


if __name__ == "__main__":
    main()
