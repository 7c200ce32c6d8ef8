"""The card's pictures: on white, so that they are read on light and dark pages alike."""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mnist_api.training.dataset import Images, Labels
from mnist_api.training.evaluate import Evaluation

_COLUMNS, _ROWS = 12, 4


def judgement(name: str, figures: Evaluation) -> bytes:
    """Return a PNG of the confusion matrix and the reliability diagram."""
    figure = Figure(figsize=(9, 4.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    _confusion(left, np.array(figures.confusion))
    left.set_title(f"{name}: errors of {figures.images:,}")
    _reliability(right, figures)
    return _png(figure)


def _confusion(axes: Axes, confusion: NDArray[Any]) -> None:
    errors = confusion - np.diag(confusion.diagonal())
    axes.imshow(errors, cmap="Blues")
    for row, column in np.argwhere(confusion):
        dark = errors[row, column] > errors.max() / 2
        axes.text(
            column,
            row,
            str(confusion[row, column]),
            ha="center",
            va="center",
            fontsize=7,
            color="white" if dark else "black",
        )
    axes.set(xticks=range(10), yticks=range(10), xlabel="answer", ylabel="digit")


def _reliability(axes: Axes, figures: Evaluation) -> None:
    counts, confidence, right = zip(*figures.reliability, strict=True)
    axes.plot([0, 1], [0, 1], color="grey", linewidth=1)
    axes.scatter(confidence, right, s=8 + 12 * np.log10(counts), color="tab:blue")
    for count, x, y in figures.reliability:
        axes.annotate(str(count), (x, y), (4, -9), textcoords="offset points", fontsize=7)
    error = 100 * figures.expected_calibration_error
    axes.set(xlabel="what it says", ylabel="how often it is right", xlim=(0, 1.03), ylim=(0, 1.03))
    axes.set_title(f"reliability, ECE {error:.2f} %")


def errors(images: Images, labels: Labels, probabilities: NDArray[np.float32]) -> bytes:
    """Return a PNG of the errors that the model is surest of."""
    answers, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    wrong = np.flatnonzero(answers != labels)
    worst = wrong[np.argsort(-confidence[wrong], kind="stable")][: _COLUMNS * _ROWS]
    titles = [f"{labels[at]} as {answers[at]}, {confidence[at]:.2f}" for at in worst]
    return sheet(images[worst], titles, _COLUMNS)


def sheet(images: NDArray[Any], titles: Sequence[str] = (), columns: int = _COLUMNS) -> bytes:
    """Return a PNG of pictures (n, h, w), dark on white, in rows; each may have a title.

    Pictures are uint8 and bright on 0, or of floats, from their own least to their own most.
    """
    rows = -(-len(images) // columns)
    height = 0.9 if titles else 0.75
    figure = Figure(figsize=(0.75 * columns, height * rows + 0.1), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes in grid.flat:
        axes.axis("off")
    least, most = (0, 255) if images.dtype == np.uint8 else (None, None)
    for axes, image in zip(grid.flat, images, strict=False):
        axes.imshow(image, cmap="gray_r", vmin=least, vmax=most)
    for axes, title in zip(grid.flat, titles, strict=False):
        axes.set_title(title, fontsize=7, pad=2)
    return _png(figure)


def _png(figure: Figure) -> bytes:
    file = io.BytesIO()
    figure.savefig(file, format="png", metadata={"Software": None})
    return file.getvalue()
