"""The floors: imports go downwards only, rooms of one floor do not know each other (import-linter)."""

import os
import subprocess
import sys
from pathlib import Path

from kit.house import ROOT


def test_the_contracts_are_kept() -> None:
    # A process of its own: import-linter sets up logging for all of Python, and other tests listen to the log.
    command = [
        str(Path(sys.executable).with_name("lint-imports")),
        "--no-cache",
        "--config",
        str(ROOT / "pyproject.toml"),
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    answer = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stdout + answer.stderr
