"""Plans from made-up figures, whose answers can be told by hand."""

from pathlib import Path

import msgspec
import numpy as np
import pytest

from mnist_api.capacity.figures import Cost, Figures, FiguresError, Loss, ModelFigures, load
from mnist_api.capacity.model import Demand, Model
from mnist_api.capacity.plan import OutOfReachError, plan
from mnist_api.capacity.queueing import Waking
from mnist_api.cli import main

# A request takes a millisecond of a pod, a remembered one a tenth of it.
FIGURES = Figures(
    machine={"processor": "made up", "date": "never"},
    models={
        "cnn": ModelFigures(Cost(1000, 1100), Cost(100, 110), Waking(), (2.0,) * 11, 0.5),
    },
    usable=1.0,
    idle_cores=0.0,
    period_s=0.1,
    ingress_us=100,
    loss=Loss(0.0, 0.0, 8),
    wander=0.0,
)


def demand(rate: float = 3000, p99: float = 0.02, **others: float) -> Demand:
    return Demand(rate, p99, "cnn", **others)


def test_there_are_enough_pods_for_the_rate_and_not_many_more() -> None:
    found = plan(FIGURES, demand())
    # 3,000 requests of 1.1 ms are 3.3 cores; a slow minute makes them 4.1, a quarter more 5.2.
    assert found.replicas == 6
    assert found.saturation > 3000 * 1.25
    assert found.p99 <= 0.02
    assert found.ingress_cores == pytest.approx(0.3 * 1.25)


def test_a_stricter_latency_never_takes_fewer_pods() -> None:
    counts = [plan(FIGURES, demand(p99=ms / 1e3)).replicas for ms in (100, 4)]
    assert counts == sorted(counts)
    assert counts[-1] > counts[0]


def test_more_requests_never_take_fewer_pods() -> None:
    counts = [plan(FIGURES, demand(rate)).replicas for rate in (10, 900, 9000)]
    assert counts == sorted(counts)


def test_answers_from_the_cache_save_pods() -> None:
    assert plan(FIGURES, demand(hit_ratio=0.9)).replicas < plan(FIGURES, demand()).replicas


def test_a_cpu_limit_takes_more_pods_than_the_same_request() -> None:
    limited = plan(FIGURES, Demand(100, 0.05, "cnn", cpu=0.1, limited=True))
    assert limited.replicas >= 2
    assert limited.target <= 100


def test_pods_that_cost_each_other_are_more() -> None:
    lossy = msgspec.structs.replace(FIGURES, loss=Loss(0.1, 0.0, 8))
    assert plan(lossy, demand(2500)).replicas > plan(FIGURES, demand(2500)).replicas


def test_pods_that_are_woken_for_each_request_use_more_cpu() -> None:
    waking = msgspec.structs.replace(FIGURES.models["cnn"], wake=Waking(1.5))
    figures = msgspec.structs.replace(FIGURES, models={"cnn": waking})
    fair = Model(FIGURES, demand()).utilisation(100, 1)
    assert Model(figures, demand()).utilisation(100, 1) == pytest.approx(1.5 * fair, rel=0.1)


def test_a_limited_pod_saturates_at_the_rate_whose_requests_use_up_its_quota() -> None:
    waking = msgspec.structs.replace(FIGURES.models["cnn"], wake=Waking(3.0, 0.005))
    figures = msgspec.structs.replace(FIGURES, models={"cnn": waking})
    limited = Demand(1, 1, "cnn", cpu=0.2, limited=True)
    most = Model(figures, limited, careful=False).saturation(1)
    # Asleep for four fifths of the requests, for 1 / most seconds in the mean.
    assert most * 0.001 * (1 + 2 * 0.8 / (1 + most * 0.005)) == pytest.approx(0.2)
    assert Model(figures, demand(), careful=False).saturation(1) == pytest.approx(1000)


def test_a_pace_that_differs_from_moment_to_moment_takes_more_pods() -> None:
    unsteady = msgspec.structs.replace(FIGURES, wander=0.3)
    assert plan(unsteady, demand(p99=0.005)).replicas > plan(FIGURES, demand(p99=0.005)).replicas


def test_the_highest_rate_is_the_one_beyond_which_the_p99_is_longer() -> None:
    model = Model(FIGURES, demand(), careful=False)
    most = model.most(0.01, 2)
    assert model.p99(most, 2) <= 0.01 < model.p99(1.02 * most, 2)
    assert model.most(0.001, 2) == 0


def test_the_loss_beyond_what_was_measured_is_that_of_the_most_measured() -> None:
    loss = Loss(0.01, 0.001, 8)
    assert loss.inflation(1) == 1
    assert loss.inflation(8) == pytest.approx(1 + 0.07 + 0.056)
    assert loss.inflation(1000) == loss.inflation(8)


def test_a_careful_model_saturates_earlier_and_answers_later() -> None:
    careful, fair = Model(FIGURES, demand()), Model(FIGURES, demand(), careful=False)
    assert careful.saturation(2) < fair.saturation(2)
    assert careful.p99(1500, 2) > fair.p99(1500, 2)
    assert careful.unloaded_p99() == pytest.approx(1.25 * fair.unloaded_p99())


def test_whoever_shares_a_busy_node_answers_later() -> None:
    calm, busy = (Model(FIGURES, demand(node_use=use)) for use in (0.5, 0.75))
    assert busy.unloaded_p99() == pytest.approx(2 * calm.unloaded_p99())
    assert busy.p99(100, 1) >= calm.p99(100, 1) + calm.unloaded_p99() * 0.99


def test_a_pod_that_is_sure_of_half_a_core_answers_later_by_the_other_half() -> None:
    whole, half = (Model(FIGURES, demand(cpu=cpu), careful=False) for cpu in (1.0, 0.5))
    rare = np.arange(1.0, 1001.0)
    later = half.latencies(rare, 1, seed=1) - whole.latencies(rare, 1, seed=1)
    assert later == pytest.approx(np.full(1000, 0.001))


def test_what_no_pod_answers_so_quickly_is_refused() -> None:
    with pytest.raises(OutOfReachError, match="p99 stays above 1 ms"):
        plan(FIGURES, demand(p99=0.001))


@pytest.mark.parametrize("limited", [False, True])
def test_a_pod_that_uses_up_its_cpu_unasked_is_refused(limited: bool) -> None:
    busy = msgspec.structs.replace(FIGURES, idle_cores=0.001)
    with pytest.raises(OutOfReachError, match=r"0\.001 cores uses them up"):
        plan(busy, Demand(10, 0.02, "cnn", cpu=0.001, limited=limited))


def test_a_quota_that_ends_within_a_request_is_refused() -> None:
    # Half a millisecond in each tenth of a second, for requests of one.
    with pytest.raises(OutOfReachError, match=r"p99 stays above 20 ms with \d+ pods of 0\.005"):
        plan(FIGURES, Demand(1, 0.02, "cnn", cpu=0.005, limited=True))


def test_the_target_leaves_room_for_the_growth() -> None:
    found = plan(FIGURES, demand())
    model = Model(FIGURES, demand())
    assert found.utilisation == pytest.approx(3000 * 0.0011 * 1.25 / 6, rel=0.02)
    assert found.target >= found.utilisation * 100
    assert model.p99(1.25 * found.target / 100 * model.saturation(6), 6) <= 0.02


def test_the_command_prints_a_plan(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "figures.json"
    file.write_bytes(msgspec.json.encode(FIGURES))
    given = ["capacity", "--rate", "3000", "--p99", "20ms", "--figures", str(file)]
    assert main(given) == 0
    said = capsys.readouterr().out
    assert "replicas           6" in said
    assert "targetCPUUtilizationPercentage: " in said
    assert main([*given, "--json", "--cpu", "0.5", "--limited"]) == 0
    assert msgspec.json.decode(capsys.readouterr().out)["replicas"] > 6


@pytest.mark.parametrize(
    ("others", "code", "said"),
    [
        (["--model", "resnet"], 2, "no figures of 'resnet'; there are cnn"),
        (["--p99", "1ms"], 65, "p99 stays above"),
        (["--figures", "missing.json"], 66, "missing.json"),
    ],
)
def test_what_cannot_be_planned_is_said(
    others: list[str], code: int, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "figures.json"
    file.write_bytes(msgspec.json.encode(FIGURES))
    given = ["capacity", "--rate", "100", "--p99", "20ms", "--figures", str(file), *others]
    assert main(given) == code
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    "given",
    [
        ["--p99", "20"],
        ["--p99", "0ms"],
        ["--rate", "0"],
        ["--rate", "x"],
        ["--hit-ratio", "1.1"],
        ["--node-use", "1"],
    ],
)
def test_nonsense_is_refused(given: list[str]) -> None:
    usual = {"--rate": "100", "--p99": "20ms"}
    usual.update([given])
    with pytest.raises(SystemExit) as ended:
        main(["capacity", *(word for pair in usual.items() for word in pair)])
    assert ended.value.code == 2


def test_a_broken_file_is_said_to_be_one(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    file.write_text("{}")
    with pytest.raises(FiguresError, match="missing required field"):
        load(file)
