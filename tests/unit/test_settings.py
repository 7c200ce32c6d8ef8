import re
from typing import get_args, get_type_hints

import msgspec
import pytest

from mnist_api.environment import from_environment, settings_table, variable
from mnist_api.errors import SettingsError
from mnist_api.settings import Settings


def test_without_variables_every_setting_has_its_default() -> None:
    assert from_environment({}) == Settings()


def test_values_are_read_by_type() -> None:
    settings = from_environment(
        {"MNIST_API_WORKERS": "3", "MNIST_API_ACCESS_LOG": "true", "MNIST_API_BIND": "[::]:80"}
    )
    assert (settings.workers, settings.access_log, settings.bind) == (3, True, "[::]:80")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MNIST_API_WORKERS", "many"),
        ("MNIST_API_WORKERS", "0"),
        ("MNIST_API_WORKERS", ""),
        ("MNIST_API_BIND", "localhost"),
        ("MNIST_API_LOG_LEVEL", "loud"),
        ("MNIST_API_ACCESS_LOG", "perhaps"),
    ],
)
def test_a_value_that_is_not_allowed_is_named_with_its_variable(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name}={value!r} is not allowed: "):
        from_environment({name: value})


WRONG = {
    "bind": "localhost",
    "memcached": "localhost",
    "log_level": "loud",
    "access_log": "perhaps",
    "hint": "perhaps",
    "store": "ftp://somewhere",
    "job_template": "No name",
}
NUMBERS = {
    field: get_args(hint)[1]
    for field, hint in get_type_hints(Settings, include_extras=True).items()
    if get_args(hint)[0] in (int, float)
}
FREE_TEXT = {"weights", "token", "token_file"}


@pytest.mark.parametrize("field", sorted(set(Settings.__struct_fields__) - FREE_TEXT))
def test_each_setting_refuses_what_it_cannot_be_and_says_what_it_may(field: str) -> None:
    meta = NUMBERS.get(field)
    for value in [WRONG[field]] if meta is None else ["x", str(meta.ge - 1), str(meta.le + 1)]:
        with pytest.raises(SettingsError) as refused:
            from_environment({variable(field): value})
        sentence = str(refused.value)
        assert sentence.startswith(f"{variable(field)}={value!r} is not allowed: ")
        assert re.search(r"\(allowed: \S.+\)$", sentence)
        if meta is not None:
            assert f"(allowed: {meta.ge} to {meta.le})" in sentence


def test_each_setting_has_a_reason_and_each_number_a_unit_and_bounds_that_hold_its_default() -> (
    None
):
    for field in msgspec.structs.fields(Settings):
        meta = get_args(get_type_hints(Settings, include_extras=True)[field.name])[1]
        assert len(meta.description) > 15, field.name
        if field.name in NUMBERS:
            assert meta.extra["unit"], field.name
            assert meta.ge <= field.default <= meta.le, field.name


def test_a_variable_that_names_no_setting_is_refused_with_the_nearest() -> None:
    with pytest.raises(SettingsError, match="did you mean MNIST_API_WORKERS"):
        from_environment({"MNIST_API_WORKER": "2"})


def test_an_unlike_variable_is_refused_without_a_guess() -> None:
    with pytest.raises(SettingsError, match=r"^MNIST_API_ZZZZZZ is not a setting$"):
        from_environment({"MNIST_API_ZZZZZZ": "2"})


def test_the_variables_that_kubernetes_injects_for_a_service_are_ignored() -> None:
    injected = {
        "MNIST_API_PORT": "tcp://10.0.0.1:80",
        "MNIST_API_PORT_80_TCP_ADDR": "10.0.0.1",
        "MNIST_API_SERVICE_HOST": "10.0.0.1",
        "MNIST_API_SERVICE_PORT_HTTP": "80",
    }
    assert from_environment(injected) == Settings()


def test_every_setting_is_in_the_table() -> None:
    table = settings_table()
    assert all(f"`{variable(field)}`" in table for field in Settings.__struct_fields__)
