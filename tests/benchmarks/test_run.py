"""`make bench` runs to its end and writes its numbers; how large they are is nobody's business here."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)


@pytest.mark.slow
def test_a_small_run_measures_everything_and_writes_it(tmp_path: Path) -> None:
    small = ["--all", "--lines", "100000", "--per-body", "1000", "--seconds", "6", "--rest", "1"]
    done = bench(*small, "--results", str(tmp_path))
    assert done.returncode == 0, done.stderr
    for proof in ("agent", "files", "queries", "drip", "dashboards", "flat"):
        document = json.loads((tmp_path / f"{proof}.json").read_text())
        assert {"proof", "machine", "commit", "at", "yardsticks", "rows", "numbers"} <= set(document)
        assert f"== {proof}\n" in done.stdout
        losses = [row for row in document["rows"] if row["what"].endswith(("failed", "not found afterwards"))]
        assert [row["value"] for row in losses] == [0] * len(losses)
        assert bool(losses) == (proof in ("drip", "dashboards"))


def test_an_unknown_proof_names_those_that_there_are() -> None:
    done = bench("speed")
    assert done.returncode == 2
    assert "no such proof: speed; there are agent, files, queries, drip, dashboards, flat" in done.stderr
