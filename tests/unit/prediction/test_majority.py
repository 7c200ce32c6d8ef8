from mnist_api.prediction.majority import majority


def test_one_model_decides_alone() -> None:
    assert majority([(7, 0.98)]) == 7


def test_two_of_three_outvote_the_most_accurate() -> None:
    assert majority([(1, 0.99), (7, 0.97), (7, 0.96)]) == 7


def test_when_all_differ_the_most_accurate_decides() -> None:
    assert majority([(1, 0.97), (7, 0.99), (4, 0.98)]) == 7


def test_in_a_tie_of_two_pairs_the_most_accurate_decides() -> None:
    assert majority([(1, 0.97), (7, 0.98), (1, 0.96), (7, 0.95)]) == 7
