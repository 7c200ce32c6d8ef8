"""The page of figures shows the committed results, and the figures are told as they are."""

from benchmarks.page import PAGE, page
from benchmarks.report import Bound, shown


def test_the_page_is_made_from_the_committed_results() -> None:
    assert PAGE.read_text() == page(), "run `python -m benchmarks.page`"


def test_a_bound_is_kept_up_to_its_limit() -> None:
    assert Bound("p99", 1.5, 1.5).is_met
    assert not Bound("p99", 1.51, 1.5).is_met
    assert Bound("goodput", 0.9, 0.9, at_least=True).is_met
    assert not Bound("goodput", 0.89, 0.9, at_least=True).is_met


def test_a_figure_shows_the_digits_that_count() -> None:
    assert [shown(value) for value in (0.98123, 1234.5, 2.0, float("inf"), "on")] == [
        "0.981",
        "1,234",
        "2",
        "none",
        "on",
    ]
