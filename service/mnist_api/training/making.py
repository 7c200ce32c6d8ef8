"""From one draw of digits to its models, step by step; each step is kept and never made twice."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice

import keras
import numpy as np
from numpy.typing import NDArray

from mnist_api.models.svm import SvmModel
from mnist_api.training.augment import augmented
from mnist_api.training.calibrate import fit_temperature, folds
from mnist_api.training.dataset import Images, Labels, to_levels
from mnist_api.training.evaluate import in_parts
from mnist_api.training.morph import Flows, find_flows
from mnist_api.training.recipes import (
    CNN,
    MLP,
    POOL,
    SVM,
    TEACHER,
    TEACHERS,
    NetRecipe,
    PoolRecipe,
    Teachers,
)
from mnist_api.training.store import Arrays, Store
from mnist_api.training.svm_fit import fit_svm, to_npz
from mnist_api.training.train_net import build, logits, train_net

Floats = NDArray[np.float32]

_FOLD_SEED = 500
_SVM_FOLDS = 10
_UNCALIBRATED = 1.0
_NET_FOLDS = 5
# Nets that only judge a fold get a third of the schedule: their scores' spread is what is wanted,
# and it takes ten nets instead of one.
_FOLD_SHARE = 3


@dataclass(frozen=True)
class Lessons:
    """Digits to learn from, how they bend towards each other, and how long nets learn."""

    images: Images
    labels: Labels
    store: Store
    flows: Flows
    schedule: int = 1
    """Each model gets one part in `schedule` of its recipe's steps and variations."""

    @classmethod
    def of(cls, images: Images, labels: Labels, store: Store) -> "Lessons":
        """Register the digits with each other and prepare to learn from them."""
        morphing = POOL.augmentation.morphing

        def make() -> Arrays:
            return vars(find_flows(images, labels, morphing))

        flows = store.keep("flows", (morphing, _digest(images)), make)
        return cls(images, labels, store, Flows(**flows))

    @cached_property
    def pool(self) -> tuple[Floats, Labels]:
        """The variations that the nets learn from, float32 (m, 28, 28), and their labels."""
        recipe = self._shortened_pool
        rng = np.random.default_rng(recipe.seed)
        # Each round shows every digit once, so that all are varied equally often.
        rounds = -(-recipe.images // len(self.labels))
        indices = np.concatenate([rng.permutation(len(self.labels)) for _ in range(rounds)])
        pictures = augmented(
            self.images, self.labels, self.flows, indices, recipe.augmentation, recipe.seed
        )
        return pictures, self.labels[indices]

    @cached_property
    def teacher(self) -> keras.Model:
        """The CNN that learns from the labels alone."""
        return self._net(TEACHER)

    @cached_property
    def cnn(self) -> keras.Model:
        """The CNN, taught by the one before it and by the SVM."""
        return self._net(CNN, TEACHERS, self._both_say)

    @cached_property
    def mlp(self) -> keras.Model:
        """The MLP, taught by the first CNN."""
        return self._net(MLP, TEACHER, lambda pictures: logits(self.teacher, pictures))

    def _both_say(self, pictures: Floats) -> Floats:
        scores = in_parts(SvmModel(self.svm).scores, to_levels(pictures))
        return logits(self.teacher, pictures) + np.float32(TEACHERS.svm_weight) * scores

    def net(self, name: str) -> keras.Model:
        """Return a trained network by its served name."""
        return {"cnn": lambda: self.cnn, "mlp": lambda: self.mlp}[name]()

    def _net(
        self,
        recipe: NetRecipe,
        teachers: NetRecipe | Teachers | None = None,
        teach: Callable[[Floats], Floats] | None = None,
    ) -> keras.Model:
        short = replace(recipe, steps=recipe.steps // self.schedule)
        depends = (short, self._shortened_pool, _digest(self.images), teachers)

        def make() -> Arrays:
            pictures, labels = self.pool
            taught = None if teach is None else teach(pictures)
            net = train_net(short, pictures, labels, taught)
            return {str(number): weight for number, weight in enumerate(net.get_weights())}

        weights = self.store.keep(recipe.name, depends, make)
        net = build(recipe)
        net.set_weights([weights[str(number)] for number in range(len(weights))])
        return net

    @property
    def _shortened_pool(self) -> PoolRecipe:
        return replace(POOL, images=POOL.images // self.schedule)

    @cached_property
    def svm(self) -> bytes:
        """The SVM, fitted, as a file whose temperature is still 1."""
        recipe = replace(SVM, copies=max(1, SVM.copies // self.schedule))

        def make() -> Arrays:
            content = to_npz(fit_svm(recipe, self.images, self.labels, self.flows), _UNCALIBRATED)
            return {"content": np.frombuffer(content, np.uint8)}

        depends = (recipe, _UNCALIBRATED, _digest(self.images))
        return self.store.keep(SVM.name, depends, make)["content"].tobytes()

    def svm_temperature(
        self, count: int = _SVM_FOLDS, begun: Callable[[int], None] | None = None
    ) -> float:
        """Return what the SVM's scores are to be divided by, from folds of the digits.

        Args:
            count: how many folds, each a fit.
            begun: is told the number of each, from 1.
        """
        scores = np.zeros((len(self.labels), 10), np.float32)
        for number, (inside, outside) in enumerate(folds(self.labels, count, _FOLD_SEED), 1):
            if begun is not None:
                begun(number)
            scores[outside] = SvmModel(self.inside(inside).svm).scores(self.images[outside])
        return fit_temperature(scores, self.labels)

    def net_temperature(self, name: str, count: int = _NET_FOLDS) -> float:
        """Return the same for a network: a fold's teacher is trained inside the fold, too.

        Args:
            name: the network's.
            count: how many of the five folds to train; what none of them left out does not judge.
        """
        scores = np.zeros((len(self.labels), 10), np.float32)
        is_judged = np.zeros(len(self.labels), bool)
        for inside, outside in islice(folds(self.labels, _NET_FOLDS, _FOLD_SEED), count):
            fold = replace(self.inside(inside), schedule=self.schedule * _FOLD_SHARE)
            judged = (self.images[outside] / np.float32(255)).astype(np.float32)
            scores[outside] = logits(fold.net(name), judged)
            is_judged[outside] = True
        return fit_temperature(scores[is_judged], self.labels[is_judged])

    def inside(self, digits: NDArray[np.intp]) -> "Lessons":
        """Return the lessons of some of the digits (sorted)."""
        return replace(
            self,
            images=self.images[digits],
            labels=self.labels[digits],
            flows=self.flows.inside(digits),
        )


def _digest(images: Images) -> str:
    return hashlib.sha256(images.tobytes()).hexdigest()
