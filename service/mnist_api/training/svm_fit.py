"""Fitting the SVM by scikit-learn and laying it out as a network, so that LiteRT serves it too."""

from collections.abc import Sequence
from dataclasses import dataclass

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.multiclass import OneVsRestClassifier
from sklearn.svm import SVC

from mnist_api.training.architectures import seen_by_svm, svm
from mnist_api.training.augment import augmented
from mnist_api.training.dataset import Images, Labels, to_levels, to_pictures
from mnist_api.training.morph import Flows
from mnist_api.training.recipes import SvmRecipe
from mnist_api.training.train_net import logits

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Machine:
    """What scikit-learn fitted: a projection of the features, and one machine a class on it.

    One machine a class, not one a pair: the pairs' votes rank the classes as well but say nothing
    of how sure they are (negative log likelihood by cross-validation 0.137, of these 0.055).
    """

    projection: PCA
    classes: OneVsRestClassifier

    def scores(self, features: Floats) -> Floats:
        """Return how far features (n, 288) are on each class's side, (n, 10)."""
        scores: Floats = self.classes.decision_function(self.projection.transform(features))
        return scores

    def arrays(self) -> list[Floats]:
        """Return the same as kernels (in, out) and biases of `architectures.svm`.

        Scaled so that gamma is one half. Each class has support vectors of its own, many of them
        shared; here each stands once.
        """
        binary = self.classes.estimators_
        scale = np.sqrt(2 * binary[0].gamma)
        rotation = scale * self.projection.components_.T
        stacked = np.concatenate([each.support_vectors_ for each in binary])
        vectors, where = np.unique(scale * stacked, axis=0, return_inverse=True)
        coefficients = np.zeros((len(vectors), len(binary)))
        columns = np.repeat(np.arange(len(binary)), [len(each.support_) for each in binary])
        # Added, since a digit and an unvaried copy of it may both be support vectors of one class.
        np.add.at(
            coefficients,
            (where.ravel(), columns),
            np.concatenate([each.dual_coef_[0] for each in binary]),
        )
        arrays = (
            rotation,
            -self.projection.mean_ @ rotation,
            vectors.T,
            -0.5 * np.square(vectors).sum(axis=1),
            coefficients,
            np.array([each.intercept_[0] for each in binary]),
        )
        return [array.astype(np.float32) for array in arrays]


def fit_svm(recipe: SvmRecipe, images: Images, labels: Labels, flows: Flows) -> Machine:
    """Fit on the features of uint8 (n, 28, 28) and of some variations of each."""
    indices = np.tile(np.arange(len(labels)), recipe.copies)
    varied = augmented(images, labels, flows, indices, recipe.augmentation, recipe.seed)
    features = features_of(np.concatenate([images, to_levels(varied)]))
    projection = PCA(recipe.dimensions, svd_solver="covariance_eigh").fit(features)
    projected = projection.transform(features)
    gamma = recipe.gamma_scale / (2 * float(projected.var(axis=0).sum()))
    classes = OneVsRestClassifier(SVC(C=recipe.c, gamma=gamma, cache_size=500))
    return Machine(projection, classes.fit(projected, np.concatenate([labels, labels[indices]])))


def features_of(images: Images) -> Floats:
    """Return what the SVM sees of pictures, uint8 (n, 28, 28): float32 (n, 288)."""
    return logits(seen(), to_pictures(images))


def seen() -> keras.Model:
    """Return the beginning of the SVM's network, which has nothing to learn."""
    inputs = layers.Input((28, 28))
    return keras.Model(inputs, seen_by_svm(inputs))


def to_net(arrays: Sequence[Floats]) -> keras.Model:
    """Return the network that scores pictures as the machine of these arrays does."""
    # Names in the exported file count the layers made before: from here, always as many.
    keras.backend.clear_session()
    net = svm(*arrays[2].shape)
    for variable, array in zip(net.trainable_variables, arrays, strict=True):
        variable.assign(array)
    return net
