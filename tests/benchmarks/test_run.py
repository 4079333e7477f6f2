"""`make bench` runs to its end and writes its numbers; how large they are is nobody's business here."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

RUN = Path(__file__).parents[2] / "benchmarks" / "run.py"


@pytest.mark.slow
def test_a_small_run_measures_everything_and_writes_it(tmp_path: Path) -> None:
    out = tmp_path / "results" / "small.json"
    command = [sys.executable, str(RUN), "--lines", "10000", "--per-body", "500", "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=180)
    assert done.returncode == 0, done.stderr
    numbers = json.loads(out.read_text())
    assert {"yardstick", "at rest", "push", "queries", "agent", "after load", "machine", "lines", "at"} <= set(numbers)
    assert numbers["lines"] == 10_000
    assert numbers["push"]["lines_per_s"] > 0
    assert numbers["agent"]["lines_per_s"] > 0
    assert all(times["median_ms"] > 0 for times in numbers["queries"].values())
    assert all(name in done.stdout for name in ("push", "at rest", "agent", str(out)))
