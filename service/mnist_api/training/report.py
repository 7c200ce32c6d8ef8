"""Judging a weights folder as it is served, and writing what is known of it."""

from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from mnist_api.models.catalog import Model, load_catalog
from mnist_api.models.manifest import read_manifest, read_weights
from mnist_api.training.card import CARD, EVALUATION, PICTURES, Report, model_card, read_study
from mnist_api.training.costs import mflops, microseconds, processor
from mnist_api.training.dataset import Digits, Images, Labels
from mnist_api.training.evaluate import Predict, evaluate, in_parts
from mnist_api.training.other_hands import other_hands
from mnist_api.training.pictures import errors, judgement
from mnist_api.training.publish import pretty, write
from mnist_api.training.robustness import pictures_of_row
from mnist_api.training.sent_rows import ROWS

_SENT = 1000
_SENT_SEED = 2018


@dataclass(frozen=True)
class _Sent:
    """Held-out digits as the models see them after each way of sending them."""

    pictures: Mapping[str, Images]
    labels: Labels

    @classmethod
    def of(cls, digits: Digits) -> "_Sent":
        chosen = np.random.default_rng(_SENT_SEED).permutation(len(digits.holdout_labels))[:_SENT]
        made = partial(pictures_of_row, digits=digits.holdout_images[chosen], seed=_SENT_SEED)
        with ProcessPoolExecutor(2) as pool:
            pictures = dict(zip(ROWS, pool.map(made, ROWS), strict=True))
        return cls(pictures, digits.holdout_labels[chosen])

    def accuracies(self, predict: Predict) -> dict[str, float]:
        return {
            name: round(float((predict(pictures).argmax(axis=1) == self.labels).mean()), 4)
            for name, pictures in self.pictures.items()
        }


def report(folder: Path, digits: Digits) -> None:
    """Write evaluation, pictures and card of every model of a folder."""
    (folder / PICTURES).mkdir(exist_ok=True)
    sent = _Sent.of(digits)
    reports = {model.name: _judged(folder, model, digits, sent) for model in load_catalog(folder)}
    write(folder / EVALUATION, pretty(reports))
    card = model_card(read_manifest(folder), reports, read_study(folder))
    write(folder / CARD, card.encode())


def _judged(folder: Path, model: Model, digits: Digits, sent: _Sent) -> Report:
    content, predict = read_weights(folder, model.entry), model.runtime.predict
    probabilities = in_parts(predict, digits.holdout_images)
    figures = evaluate(probabilities, digits.holdout_labels)
    images, labels = other_hands()
    write(folder / PICTURES / f"{model.name}.png", judgement(model.name, figures))
    wrong = errors(digits.holdout_images, digits.holdout_labels, probabilities)
    write(folder / PICTURES / f"{model.name}-errors.png", wrong)
    return Report(
        holdout=figures,
        other_hands=evaluate(in_parts(predict, images), labels).accuracy,
        sent=sent.accuracies(predict),
        sent_images=len(sent.labels),
        microseconds=microseconds(model, digits.holdout_images),
        processor=processor(),
        bytes=len(content),
        mflops=mflops(content),
    )
