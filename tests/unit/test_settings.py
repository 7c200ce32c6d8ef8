import pytest

from mnist_api.errors import SettingsError
from mnist_api.settings import Settings, from_environment, settings_table, variable


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
