import numpy as np
from hypothesis import given
from hypothesis.extra import numpy as hnp
from scipy.ndimage import label

from mnist_api.imaging.components import digit_mask, label_runs


@given(hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=20)))
def test_parts_are_those_that_scipy_finds(mask: np.ndarray) -> None:
    ours, count = label_runs(mask)
    theirs, expected = label(mask, np.ones((3, 3)))
    assert count == expected
    pairs = set(zip(ours.ravel().tolist(), theirs.ravel().tolist(), strict=True))
    assert len(pairs) == count + (0 in ours)


def test_when_all_ink_lies_at_the_edge_nothing_is_dropped() -> None:
    mask = np.zeros((40, 40), bool)
    mask[0] = mask[-1] = True
    assert (digit_mask(mask.astype(np.float32), mask) == mask).all()
