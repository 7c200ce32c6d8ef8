"""The README says what is so."""

import json
import re
import subprocess
from pathlib import Path

from mnist_api.environment import settings_table
from tests.support.server import Server

README = (Path(__file__).resolve().parents[2] / "README.md").read_text()


def test_the_table_of_settings_is_the_one_the_code_has() -> None:
    table = README.partition("<!-- settings -->\n")[2].partition("<!-- /settings -->")[0]
    assert table.strip() == settings_table().strip(), "paste the output of `mnist-api settings`"


def test_the_commands_of_the_readme_give_the_answers_it_shows(server: Server) -> None:
    blocks = re.findall(r"<!-- test -->\n```sh\n(.*?)```\n+```json\n(.*?)```", README, re.DOTALL)
    assert blocks
    for command, answer in blocks:
        here = command.replace("http://127.0.0.1:8000", server.url)
        run = subprocess.run(["sh", "-c", here], check=True, capture_output=True, text=True)
        assert json.loads(run.stdout) == json.loads(answer)


def test_every_target_of_the_makefile_that_the_readme_names_exists() -> None:
    makefile = (Path(__file__).resolve().parents[2] / "Makefile").read_text()
    for target in set(re.findall(r"`?make ([a-z0-9-]+)", README)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
