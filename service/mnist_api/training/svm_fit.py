"""Fitting the SVM and laying it out for serving."""

from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from sklearn.svm import SVC

from mnist_api.models.hog import hog
from mnist_api.training.augment import augmented
from mnist_api.training.dataset import Images, Labels
from mnist_api.training.recipes import SvmRecipe

Floats = NDArray[np.float32]


def fit_svm(recipe: SvmRecipe, images: Images, labels: Labels) -> SVC:
    """Fit on the features of uint8 (n, 28, 28) and of some variations of each."""
    indices = np.tile(np.arange(len(labels)), recipe.copies)
    varied = augmented(images, labels, indices, recipe.augmentation, recipe.seed)
    features = hog(np.concatenate([images, np.rint(varied * 255).astype(np.uint8)]))
    gamma = recipe.gamma_scale / (2 * float(features.var(axis=0).sum()))
    machine = SVC(C=recipe.c, gamma=gamma, break_ties=True, decision_function_shape="ovr")
    return machine.fit(features, np.concatenate([labels, labels[indices]]))


def to_npz(machine: SVC, temperature: float) -> bytes:
    """Return the machine as the arrays that `mnist_api.models.svm.SvmModel` reads.

    scikit-learn keeps, for each support vector, its coefficients against the nine other classes;
    here they become one row a pair of classes, so that all pairs are one matrix product.
    """
    starts = np.concatenate([[0], np.cumsum(machine.n_support_)])
    spans = [slice(starts[k], starts[k + 1]) for k in range(len(machine.n_support_))]
    rows = []
    for first in range(len(spans)):
        for second in range(first + 1, len(spans)):
            row = np.zeros(starts[-1], np.float32)
            row[spans[first]] = machine.dual_coef_[second - 1, spans[first]]
            row[spans[second]] = machine.dual_coef_[first, spans[second]]
            rows.append(row)
    file = BytesIO()
    np.savez_compressed(
        file,
        support_vectors=machine.support_vectors_.astype(np.float32),
        coefficients=np.stack(rows),
        intercepts=machine.intercept_.astype(np.float32),
        gamma=np.float64(machine.gamma),
        temperature=np.float64(temperature),
    )
    return file.getvalue()
