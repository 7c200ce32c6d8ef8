"""From one draw of digits to its models, step by step; each step is kept and never made twice."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from mnist_api.training.augment import augmented
from mnist_api.training.calibrate import fit_temperature, folds
from mnist_api.training.coarse import coarsened
from mnist_api.training.dataset import Images, Labels, to_pictures
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
from mnist_api.training.svm_fit import fit_svm, to_net
from mnist_api.training.train_net import build, logits, train_net

Floats = NDArray[np.float32]

_FOLD_SEED = 500
_SVM_FOLDS = 10
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
        """The CNN, taught by the one before it, the SVM and the MLP."""
        return self._net(CNN, TEACHERS, self._all_say)

    @cached_property
    def mlp(self) -> keras.Model:
        """The MLP, taught by the first CNN."""
        return self._net(MLP, TEACHER, lambda pictures: logits(self.teacher, pictures))

    @cached_property
    def svm(self) -> keras.Model:
        """The SVM, fitted by scikit-learn, as a network."""
        recipe = replace(SVM, copies=max(1, SVM.copies // self.schedule))

        def make() -> Arrays:
            return _numbered(fit_svm(recipe, self.images, self.labels, self.flows).arrays())

        return to_net(_in_order(self.store.keep(SVM.name, (recipe, _digest(self.images)), make)))

    def _all_say(self, pictures: Floats) -> Floats:
        said = logits(self.teacher, pictures)
        said += np.float32(TEACHERS.svm_weight) * logits(self.svm, pictures)
        said += np.float32(TEACHERS.mlp_weight) * logits(self.mlp, pictures)
        return said

    def model(self, name: str) -> keras.Model:
        """Return a trained model by its served name."""
        return {"cnn": lambda: self.cnn, "mlp": lambda: self.mlp, "svm": lambda: self.svm}[name]()

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
            if isinstance(teachers, Teachers):
                pictures = coarsened(pictures, teachers.coarse_share, short.seed)
            net = train_net(short, pictures, labels, taught)
            return _numbered(net.get_weights())

        net = build(recipe)
        net.set_weights(_in_order(self.store.keep(recipe.name, depends, make)))
        return net

    @property
    def _shortened_pool(self) -> PoolRecipe:
        return replace(POOL, images=POOL.images // self.schedule)

    def temperature(self, name: str) -> float:
        """Return what a model's scores are to be divided by, to mean what they say."""
        return self.svm_temperature() if name == "svm" else self.net_temperature(name)

    def svm_temperature(
        self, count: int = _SVM_FOLDS, begun: Callable[[int], None] | None = None
    ) -> float:
        """Find the SVM's temperature by folds of the digits.

        Args:
            count: how many folds, each a fit.
            begun: is told the number of each, from 1.
        """
        return self._temperature("svm", folds(self.labels, count, _FOLD_SEED), begun=begun)

    def net_temperature(self, name: str, count: int = _NET_FOLDS) -> float:
        """Find a network's: a fold's teachers are trained inside the fold, too.

        Args:
            name: the network's.
            count: how many of the five folds to train; what none of them left out does not judge.
        """
        some = islice(folds(self.labels, _NET_FOLDS, _FOLD_SEED), count)
        return self._temperature(name, some, share=_FOLD_SHARE)

    def _temperature(
        self,
        name: str,
        splits: Iterable[tuple[NDArray[np.intp], NDArray[np.intp]]],
        share: int = 1,
        begun: Callable[[int], None] | None = None,
    ) -> float:
        scores = np.zeros((len(self.labels), 10), np.float32)
        is_judged = np.zeros(len(self.labels), bool)
        for number, (inside, outside) in enumerate(splits, 1):
            if begun is not None:
                begun(number)
            fold = replace(self.inside(inside), schedule=self.schedule * share)
            scores[outside] = fold._says(name, self.images[outside])
            is_judged[outside] = True
        return fit_temperature(scores[is_judged], self.labels[is_judged])

    def _says(self, name: str, images: Images) -> Floats:
        return logits(self.model(name), to_pictures(images))

    def inside(self, digits: NDArray[np.intp]) -> "Lessons":
        """Return the lessons of some of the digits (sorted)."""
        return replace(
            self,
            images=self.images[digits],
            labels=self.labels[digits],
            flows=self.flows.inside(digits),
        )


def _numbered(arrays: Iterable[NDArray[Any]]) -> Arrays:
    return {str(number): array for number, array in enumerate(arrays)}


def _in_order(numbered: Arrays) -> list[NDArray[Any]]:
    return [numbered[str(number)] for number in range(len(numbered))]


def _digest(images: Images) -> str:
    return hashlib.sha256(images.tobytes()).hexdigest()
