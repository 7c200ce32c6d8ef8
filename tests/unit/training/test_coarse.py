"""Pictures of few pixels, made of sharp ones."""

import numpy as np

from mnist_api.training.coarse import coarsened


def pictures(count: int) -> np.ndarray:
    return np.random.default_rng(1).random((count, 28, 28), np.float32)


def test_so_many_are_made_coarse_and_the_others_stay() -> None:
    sharp = pictures(2000)
    before = sharp.copy()
    made = coarsened(sharp, 0.25, seed=7)
    changed = (made != sharp).any(axis=(1, 2))
    assert 0.2 < changed.mean() < 0.3
    assert (sharp == before).all()
    assert made.dtype == np.float32
    assert 0 <= made.min() <= made.max() <= 1
    # Noise from pixel to pixel is what few pixels cannot show.
    steps = [np.abs(np.diff(some[changed], axis=2)).mean() for some in (sharp, made)]
    assert steps[1] < 0.3 * steps[0]


def test_what_is_even_stays_even() -> None:
    even = np.full((50, 28, 28), 0.5, np.float32)
    np.testing.assert_allclose(coarsened(even, 1.0, seed=7), even, atol=1e-6)


def test_the_same_seed_chooses_the_same() -> None:
    first, again, other = (coarsened(pictures(100), 0.5, seed) for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()
