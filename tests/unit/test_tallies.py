"""Figures gathered on the side reach Prometheus as if counted one by one."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from mnist_api.tallies import BatchHistogram, Tallies

BOUNDS = (0.1, 0.2, 0.5)


def test_a_counter_shows_what_was_counted_once_it_is_flushed() -> None:
    registry = CollectorRegistry()
    tallies = Tallies()
    tally = tallies.counter(Counter("events", "-", registry=registry))
    tally.inc()
    tally.inc(2)
    assert registry.get_sample_value("events_total") == 0
    tallies.flush()
    tallies.flush()
    assert registry.get_sample_value("events_total") == 3


def test_a_histogram_has_the_buckets_and_the_sum_of_the_librarys_own() -> None:
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    tallies = Tallies()
    tally = tallies.histogram(BatchHistogram("time", "-", buckets=BOUNDS, registry=ours))
    library = Histogram("time", "-", buckets=BOUNDS, registry=theirs)
    for seconds in (0.0, 0.1, 0.1000001, 0.2, 0.3, 0.5, 7.0):
        tally.observe(seconds)
        library.observe(seconds)
    tallies.flush()
    tallies.flush()
    samples = [("time_count", {}), ("time_sum", {})]
    samples += [("time_bucket", {"le": bound}) for bound in ("0.1", "0.2", "0.5", "+Inf")]
    for name, labels in samples:
        expected = theirs.get_sample_value(name, labels)
        assert expected is not None
        assert ours.get_sample_value(name, labels) == expected


def test_a_gauge_is_read_at_every_flush() -> None:
    registry = CollectorRegistry()
    tallies = Tallies()
    held: list[int] = []
    tallies.gauge(Gauge("held", "-", registry=registry), lambda: len(held))
    held.append(1)
    tallies.flush()
    assert registry.get_sample_value("held") == 1
