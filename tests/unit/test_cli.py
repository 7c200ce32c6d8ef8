import pytest

from mnist_api.cli import main
from mnist_api.settings import settings_table


def test_the_settings_are_printed_as_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["settings"]) == 0
    assert capsys.readouterr().out == settings_table()


def test_a_wrong_setting_is_a_configuration_error(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MNIST_API_WORKERS", "none")
    assert main(["serve"]) == 78
    assert "MNIST_API_WORKERS" in capsys.readouterr().err


def test_without_a_command_the_usage_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([])
    assert ended.value.code == 2
    assert "serve" in capsys.readouterr().err
