"""Judging a weights folder as it is served, and writing what is known of it."""

from pathlib import Path

import msgspec

from mnist_api.models.catalog import Model, load_catalog
from mnist_api.models.manifest import read_manifest, read_weights
from mnist_api.training.card import CARD, EVALUATION, PICTURES, STUDY, Report, Study, model_card
from mnist_api.training.costs import mflops, microseconds, processor
from mnist_api.training.dataset import Digits
from mnist_api.training.evaluate import evaluate, in_parts
from mnist_api.training.other_hands import other_hands
from mnist_api.training.pictures import errors, judgement
from mnist_api.training.publish import pretty, write


def report(folder: Path, digits: Digits) -> None:
    """Write evaluation, pictures and card of every model of a folder."""
    (folder / PICTURES).mkdir(exist_ok=True)
    reports = {model.name: _judged(folder, model, digits) for model in load_catalog(folder)}
    write(folder / EVALUATION, pretty(reports))
    study = folder / STUDY
    known = msgspec.json.decode(study.read_bytes(), type=Study) if study.exists() else None
    write(folder / CARD, model_card(read_manifest(folder), reports, known).encode())


def _judged(folder: Path, model: Model, digits: Digits) -> Report:
    content = read_weights(folder, model.entry)
    probabilities = in_parts(model.runtime.predict, digits.holdout_images)
    figures = evaluate(probabilities, digits.holdout_labels)
    images, labels = other_hands()
    others = evaluate(in_parts(model.runtime.predict, images), labels)
    write(folder / PICTURES / f"{model.name}.png", judgement(model.name, figures))
    wrong = errors(digits.holdout_images, digits.holdout_labels, probabilities)
    write(folder / PICTURES / f"{model.name}-errors.png", wrong)
    return Report(
        holdout=figures,
        other_hands=others.accuracy,
        microseconds=microseconds(model, digits.holdout_images),
        processor=processor(),
        bytes=len(content),
        mflops=mflops(model.entry.runtime, content),
    )
