"""TensorFlow's part, with a network too small to learn anything."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import WEIGHTS

# In a process of its own: TensorFlow's import takes seconds and 500 MB, and warns of itself.
PROGRAM = """
import numpy as np
from mnist_api.models.litert import LiteRTModel
from mnist_api.training.export import (
    check_parity, check_rounding, export, to_litert, with_probabilities
)
from mnist_api.training.recipes import NetRecipe
from mnist_api.training.train_net import logits, train_net
from scipy.special import softmax

rng = np.random.default_rng(0)
images = rng.integers(0, 256, (40, 28, 28), dtype=np.uint8)
labels = (np.arange(40) % 10).astype(np.uint8)
recipe = NetRecipe("tiny", ARCHITECTURE, WIDTH, 1, steps=4, batch=8, dropout=0.1, warm_up=1)
pictures = images / np.float32(255)
taught = np.zeros((len(pictures), 10), np.float32)
nets = [train_net(recipe, pictures, labels, taught) for _ in range(2)]
first, second = (logits(net, pictures) for net in nets)
print("repeatable", np.abs(first - second).max() < 1e-4)
calibrated = with_probabilities(nets[0], 1.7)
content = to_litert(calibrated)
served = LiteRTModel(content).predict(images)
print("agrees", np.abs(served - softmax(first / 1.7, axis=1)).max() < 1e-5)
print("has weights", len(content) > 4 * nets[0].count_params() * 0.9)
with np.load(DIGITS) as digits:
    check_parity(calibrated, content, digits["holdout_images"])
print("parity on 9,500")
try:
    check_parity(with_probabilities(nets[0], 1.6), content, images)
except ValueError as error:
    print("refused", "probabilities by" in str(error))
small = export(calibrated, images)
print("smaller", len(small) < SHARE * len(content))
rounded = LiteRTModel(small)
batch = rounded.predict(images)
print("rounded little", np.abs(batch - served).max() < 0.05)
alone = np.concatenate([rounded.predict(image[None]) for image in images])
print("alone as among others", np.array_equal(alone, batch))
try:
    check_rounding(to_litert(with_probabilities(nets[1], -1.0)), small, images)
except ValueError as error:
    print("refused to round", "of the labels" in str(error))
"""


# Dense layers are rounded: half of the CNN's weights, nearly all of the MLP's.
@pytest.mark.parametrize(("architecture", "width", "share"), [("cnn", 8, 0.8), ("mlp", 256, 0.4)])
def test_a_network_trains_repeatably_and_is_served_as_trained(
    architecture: str, width: int, share: float
) -> None:
    program = PROGRAM.replace("ARCHITECTURE", repr(architecture)).replace("WIDTH", str(width))
    program = program.replace("SHARE", str(share))
    program = program.replace("DIGITS", repr(str(WEIGHTS / "digits.npz")))
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    for sentence in (
        "repeatable True",
        "agrees True",
        "has weights True",
        "parity on 9,500",
        "refused True",
        "smaller True",
        "rounded little True",
        "alone as among others True",
        "refused to round True",
    ):
        assert sentence in result.stdout.splitlines()


TEACHING = """
import sys
from dataclasses import replace
from pathlib import Path
import numpy as np
from mnist_api.training import making
from mnist_api.training.coarse import coarsened
from mnist_api.training.dataset import Digits
from tests.support.flows import NO_FLOWS
from mnist_api.training.recipes import TEACHERS
from mnist_api.training.store import Store
from mnist_api.training.train_net import logits

lessons_of = []
def remembering(recipe, pictures, labels, taught=None):
    lessons_of.append((recipe.name, pictures, taught))
    return making.build(recipe)
making.train_net = remembering
making.POOL = replace(making.POOL, images=200)
digits = Digits.load(Path(DIGITS))
few = slice(0, None, 10)
lessons = making.Lessons(
    digits.train_images[few], digits.train_labels[few], Store(Path(sys.argv[1])), NO_FLOWS
)
lessons = replace(lessons, schedule=16)
lessons.cnn
taught = {name: (pictures, said) for name, pictures, said in lessons_of}
first, mlp, cnn = (taught[recipe.name] for recipe in (TEACHERS.net, TEACHERS.mlp, making.CNN))
print("labels alone", first[1] is None)
sharp = first[0]
teacher = logits(lessons.teacher, sharp)
svm = logits(lessons.svm, sharp)
mixed = teacher + TEACHERS.svm_weight * svm + TEACHERS.mlp_weight * logits(lessons.mlp, sharp)
print("all", np.abs(cnn[1] - mixed).max() < 1e-4)
print("coarse", (cnn[0] == coarsened(sharp, TEACHERS.coarse_share, making.CNN.seed)).all())
print("one", np.abs(mlp[1] - logits(lessons.teacher, mlp[0])).max() < 1e-4)
"""


def test_the_cnn_is_taught_by_the_one_before_it_the_svm_and_the_mlp(tmp_path: Path) -> None:
    program = TEACHING.replace("DIGITS", repr(str(WEIGHTS / "digits.npz")))
    result = subprocess.run(
        [sys.executable, "-c", program, tmp_path], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    said = result.stdout.splitlines()
    assert said == ["labels alone True", "all True", "coarse True", "one True"]
