"""What a person at a terminal, and a script, get from `mnist-api`."""

import json
import os
import pty
import shutil
import socket
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mnist_api.cli import COMMANDS
from mnist_api.commands.exits import Exit, exit_code_help
from mnist_api.environment import settings_table
from tests.support.memcached import running_memcached
from tests.support.server import COMMAND, Server, free_port

README = (Path(__file__).resolve().parents[2] / "README.md").read_text()


def run(*arguments: str, stdin: bytes = b"", **environ: str) -> subprocess.CompletedProcess[str]:
    """Run `mnist-api` to its end."""
    ended = subprocess.run(
        [COMMAND, *arguments],
        env={**os.environ, **environ},
        input=stdin,
        capture_output=True,
        timeout=60,
        check=False,
    )
    return subprocess.CompletedProcess(
        ended.args, ended.returncode, ended.stdout.decode(), ended.stderr.decode()
    )


@pytest.fixture
def files(tmp_path: Path, digits: dict[str, np.ndarray]) -> Iterator[list[str]]:
    """One picture of each digit, in order, that all models read right."""
    names = []
    for digit in range(10):
        index = np.flatnonzero(digits["train_labels"] == digit)[0]
        file = tmp_path / f"{digit}.png"
        Image.fromarray(digits["train_images"][index]).save(file)
        names.append(str(file))
    return names


def test_many_files_are_answered_in_their_order(server: Server, files: list[str]) -> None:
    ended = run("predict", "--url", server.url, "--model", "cnn", *files, *reversed(files))
    head, *rows = [line.split() for line in ended.stdout.splitlines()]
    assert (ended.returncode, ended.stderr) == (0, "")
    assert head == ["file", "digit"]
    expected = [*range(10), *reversed(range(10))]
    assert rows == [[files[digit], str(digit)] for digit in expected]


def test_without_a_model_the_table_shows_all(server: Server, files: list[str]) -> None:
    ended = run("predict", files[4], MNIST_URL=server.url)
    assert [line.split()[1:] for line in ended.stdout.splitlines()] == [
        ["digit", "cnn", "mlp", "svm"],
        ["4", "4", "4", "4"],
    ]


def test_standard_input_is_a_file_called_dash(server: Server, files: list[str]) -> None:
    picture = Path(files[7]).read_bytes()
    ended = run("predict", "--json", "--model=cnn", "-", "--url", server.url, stdin=picture)
    assert json.loads(ended.stdout) == {"file": "-", "prediction": 7}


def test_a_file_that_fails_stops_no_other(server: Server, files: list[str], tmp_path: Path) -> None:
    text = tmp_path / "text.png"
    text.write_text("no picture")
    asked = [str(text), files[1], str(tmp_path / "missing.png"), files[2]]
    ended = run("predict", "--url", server.url, "--json", "--model", "cnn", *asked)
    said = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [line["file"] for line in said] == asked
    assert said[0]["code"] == "not_an_image"
    assert "No such file" in said[2]["error"]
    assert [said[1]["prediction"], said[3]["prediction"]] == [1, 2]
    assert len(ended.stderr.splitlines()) == 2
    assert ended.returncode == Exit.NO_INPUT, "the greatest code wins"


def test_a_model_that_there_is_not_is_refused_with_those_there_are(
    server: Server, files: list[str]
) -> None:
    ended = run("predict", "--url", server.url, "--model", "cn", files[0])
    assert ended.returncode == Exit.DATA
    assert "choose one of cnn, mlp, svm" in ended.stderr
    assert ended.stdout == ""


def test_where_nobody_answers_one_sentence_says_what_to_do(files: list[str]) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    for arguments in (["predict", *files], ["models"]):
        ended = run(*arguments, "--url", url)
        assert ended.returncode == Exit.UNAVAILABLE
        assert ended.stderr.startswith(f"mnist-api: nobody answers at {url} (connection refused).")
        assert "mnist-api serve" in ended.stderr
        assert len(ended.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "arguments",
    [[], ["predict"], ["predict", "x", "--url", "nowhere"], ["predict", "-", "-"], ["fly"]],
)
def test_a_command_line_that_is_not_understood_is_told_so(arguments: list[str]) -> None:
    ended = run(*arguments)
    assert ended.returncode == Exit.USAGE
    assert ended.stderr


def test_the_models_are_listed(server: Server) -> None:
    table = run("models", "--url", server.url)
    assert [line.split()[0] for line in table.stdout.splitlines()] == ["model", "cnn", "mlp", "svm"]
    lines = run("models", "--url", server.url, "--json").stdout.splitlines()
    assert [json.loads(line)["name"] for line in lines] == ["cnn", "mlp", "svm"]


def test_a_bar_follows_many_files_on_a_terminal_only(server: Server, files: list[str]) -> None:
    controller, terminal = pty.openpty()
    termios.tcsetwinsize(terminal, (25, 80))
    os.set_blocking(controller, False)
    arguments = [COMMAND, "predict", "--url", server.url, *files]
    ended = subprocess.run(arguments, stdout=subprocess.PIPE, stderr=terminal, check=True)
    shown = os.read(controller, 65_536)
    os.close(terminal)
    os.close(controller)
    assert b"/10 " in shown, shown
    assert len(ended.stdout.splitlines()) == 11


def test_a_reader_that_goes_away_ends_it_quietly(server: Server, files: list[str]) -> None:
    process = subprocess.Popen(
        [COMMAND, "predict", "--url", server.url, *(files * 20)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    with process.stderr as stderr:
        assert stderr.read() == b""
    assert process.wait(timeout=20) == Exit.OUTPUT


def test_predict_loads_nothing_that_only_serving_needs(server: Server, files: list[str]) -> None:
    program = (
        "import sys; from mnist_api.cli import main;"
        f"assert main(['predict', '--url', {server.url!r}, {files[0]!r}]) == 0;"
        "print([name for name in ('numpy', 'ai_edge_litert', 'PIL', 'falcon', 'gunicorn',"
        " 'msgspec', 'prometheus_client', 'tqdm', 'shtab') if name in sys.modules])"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert ended.stdout.splitlines()[-1] == "[]"


def test_the_settings_are_printed_as_a_table() -> None:
    assert run("settings").stdout == settings_table()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_completion_names_every_command_and_option(shell: str) -> None:
    script = run("completion", shell).stdout
    assert all(word in script for word in [*COMMANDS, "model", "url"])


def test_bash_completes_commands_and_files(tmp_path: Path) -> None:
    (tmp_path / "digit.png").touch()
    script = tmp_path / "completion"
    script.write_text(run("completion", "bash").stdout)
    for words, expected in ((["pre"], "predict"), (["predict", "dig"], "digit.png")):
        program = (
            f"source {script}; COMP_WORDS=(mnist-api {' '.join(words)}); COMP_CWORD={len(words)};"
            f"_shtab_mnist_api mnist-api {words[-1]}; echo ${{COMPREPLY[*]}}"
        )
        ended = subprocess.run(
            [shutil.which("bash") or "bash", "-c", program],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        )
        assert expected in ended.stdout.split(), ended.stderr


def test_help_and_readme_document_every_exit_code() -> None:
    assert exit_code_help() in run("--help").stdout
    assert exit_code_help() in run("predict", "--help").stdout
    for code in Exit:
        assert f"| {code.value} | {code.meaning} |" in README


def test_the_doctor_finds_nothing_wrong_where_nothing_is() -> None:
    with running_memcached() as memcached:
        ended = run(
            "doctor",
            MNIST_API_MEMCACHED=memcached.address,
            MNIST_API_BIND=f"127.0.0.1:{free_port()}",
        )
    assert (ended.returncode, ended.stderr) == (Exit.OK, "")
    subjects = [line.split()[:2] for line in ended.stdout.splitlines()]
    names = ["versions", "settings", "weights", "memcached", "address", "traces"]
    assert subjects == [["ok", name] for name in names]
    assert f"{memcached.address} answers in " in ended.stdout


@pytest.mark.parametrize(
    ("environ", "sentence", "code"),
    [
        ({"MNIST_API_WORKERS": "none"}, "MNIST_API_WORKERS='none'", Exit.CONFIGURATION),
        ({"MNIST_API_WEIGHTS": "/nowhere"}, "Set MNIST_API_WEIGHTS", Exit.CONFIGURATION),
        ({"MNIST_API_MEMCACHED": "127.0.0.1:1"}, "connection refused", Exit.UNAVAILABLE),
        ({"MNIST_API_MEMCACHED": "no.invalid:1"}, "no.invalid is not known", Exit.UNAVAILABLE),
        ({"MNIST_API_BIND": "192.0.2.1:80"}, "cannot be listened on", Exit.CONFIGURATION),
        ({"MNIST_API_BIND": "127.0.0.1:99999"}, "cannot be listened on", Exit.CONFIGURATION),
        ({"MNIST_API_BIND": "unix:/nowhere/s"}, "there is no folder", Exit.CONFIGURATION),
    ],
)
def test_the_doctor_says_what_is_wrong_and_what_to_do(
    environ: dict[str, str], sentence: str, code: Exit
) -> None:
    ended = run("doctor", **{"MNIST_API_BIND": "127.0.0.1:0", **environ})
    assert ended.returncode == code
    [wrong] = [line for line in ended.stdout.splitlines() if line.startswith("wrong")]
    assert sentence in wrong


def test_the_doctor_tells_the_service_from_a_stranger_at_its_address(server: Server) -> None:
    ours = run("doctor", MNIST_API_BIND=f"{server.host}:{server.port}")
    assert ours.returncode == Exit.OK
    assert "serves at" in ours.stdout
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        bind = f"127.0.0.1:{stranger.getsockname()[1]}"
        theirs = run("doctor", MNIST_API_BIND=bind)
    assert theirs.returncode == Exit.CONFIGURATION
    assert f"{bind} cannot be listened on (address already in use)" in theirs.stdout
