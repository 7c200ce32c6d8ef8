"""Fitting the SVM and laying it out for serving."""

from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.multiclass import OneVsRestClassifier
from sklearn.svm import SVC

from mnist_api.models.hog import hog
from mnist_api.training.augment import augmented
from mnist_api.training.dataset import Images, Labels, to_levels
from mnist_api.training.morph import Flows
from mnist_api.training.recipes import SvmRecipe

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Machine:
    """What scikit-learn fitted: a projection of the features, and one machine a class on it."""

    projection: PCA
    classes: OneVsRestClassifier

    def scores(self, features: Floats) -> Floats:
        """Return how far features (n, 288) are on each class's side, (n, 10)."""
        scores: Floats = self.classes.decision_function(self.projection.transform(features))
        return scores


def fit_svm(recipe: SvmRecipe, images: Images, labels: Labels, flows: Flows) -> Machine:
    """Fit on the features of uint8 (n, 28, 28) and of some variations of each."""
    indices = np.tile(np.arange(len(labels)), recipe.copies)
    varied = augmented(images, labels, flows, indices, recipe.augmentation, recipe.seed)
    features = hog(np.concatenate([images, to_levels(varied)]))
    projection = PCA(recipe.dimensions, svd_solver="covariance_eigh").fit(features)
    projected = projection.transform(features)
    gamma = recipe.gamma_scale / (2 * float(projected.var(axis=0).sum()))
    classes = OneVsRestClassifier(SVC(C=recipe.c, gamma=gamma, cache_size=500))
    return Machine(projection, classes.fit(projected, np.concatenate([labels, labels[indices]])))


def to_npz(machine: Machine, temperature: float) -> bytes:
    """Return the machine as the arrays that `mnist_api.models.svm.SvmModel` reads.

    Each class has support vectors of its own, many of them shared; here each stands once.
    """
    binary = machine.classes.estimators_
    stacked = np.concatenate([each.support_vectors_ for each in binary])
    vectors, where = np.unique(stacked, axis=0, return_inverse=True)
    coefficients = np.zeros((len(binary), len(vectors)), np.float32)
    rows = np.repeat(np.arange(len(binary)), [len(each.support_vectors_) for each in binary])
    # Added, since a digit and an unvaried copy of it may both be support vectors of one class.
    np.add.at(
        coefficients,
        (rows, where.ravel()),
        np.concatenate([each.dual_coef_[0] for each in binary]),
    )
    return _packed(
        {
            "centre": machine.projection.mean_.astype(np.float32),
            "projection": machine.projection.components_.T.astype(np.float32),
            "support_vectors": vectors.astype(np.float32),
            "coefficients": coefficients,
            "intercepts": np.array([each.intercept_[0] for each in binary], np.float32),
            "gamma": np.float64(binary[0].gamma),
            "temperature": np.float64(temperature),
        }
    )


def calibrated(content: bytes, temperature: float) -> bytes:
    """Return a machine's file with another temperature."""
    with np.load(BytesIO(content), allow_pickle=False) as arrays:
        return _packed({**arrays, "temperature": np.float64(temperature)})


def _packed(arrays: Mapping[str, Any]) -> bytes:
    file = BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()
