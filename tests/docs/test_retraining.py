"""The README's tutorial of retraining does what it says."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.docs.test_readme import README
from tests.support.loop import SECRET, running_loop


def test_the_tutorial_goes_from_corrections_to_a_rolled_back_version(tmp_path: Path) -> None:
    [script] = re.findall(r"<!-- retraining -->\n```sh\n(.*?)```", README, re.DOTALL)
    with running_loop(tmp_path) as operator:
        environ = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "TOKEN": SECRET,
            "URL": operator.server.url,
        }
        run = subprocess.run(
            ["sh", "-eu", "-c", script],
            cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=900, check=False,
        )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    counts, state, verdict, version, log = run.stdout.splitlines()
    assert counts == "[2, 2, 2, 2, 2, 2, 2, 2, 2, 2]"
    assert state == "promoted", verdict
    assert "'is_promoted': True" in verdict
    assert version in log
    assert log.count("'activate'") == 2
