"""A long file is caught up with bounded memory, every line once: a real agent process against a sink that counts."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import kit.agent_process
from benchmarks.machine import memory_mib
from kit.agent_sink import Sink
from kit.processes import wait_until

MOST_MIB = 120
GIGABYTES = {"ordinary": 0.05, "slow": 10.0}
LINE = b"%d a long statement, as ORMs write them: SELECT %012d" + b", customer.column" * 55 + b" FROM customer\n"
BLOCK_LINES = 1_000
"""Of one second, so that the file's instants rise."""


def grow(path: Path, size_bytes: int) -> int:
    """Writes so much; how many lines that are."""
    lines = 0
    with path.open("wb", buffering=1 << 20) as file:
        while file.tell() < size_bytes:
            second = lines // BLOCK_LINES
            file.write(b"".join([LINE % (second, number) for number in range(lines, lines + BLOCK_LINES)]))
            lines += BLOCK_LINES
    return lines


@pytest.mark.parametrize("size", ["ordinary", pytest.param("slow", marks=pytest.mark.slow)])
def test_memory_is_bounded_however_long_the_file_is(tmp_path: Path, size: str) -> None:
    (tmp_path / "logs").mkdir()
    wanted = float(os.environ.get("WHODID_BACKLOG_GB", GIGABYTES[size])) * 1e9
    lines = grow(tmp_path / "logs" / "long.log", int(wanted))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with Sink(counting=True) as sink:
        command = [sys.executable, str(kit.agent_process.__file__), str(tmp_path), sink.url, "8000"]
        agent = subprocess.Popen(command, env=environment)
        most_mib = 0.0

        def is_caught_up() -> bool:
            nonlocal most_mib
            assert agent.poll() is None
            most_mib = max(most_mib, memory_mib(agent.pid))
            return sink.store.count >= lines

        try:
            wait_until(is_caught_up, f"{lines} lines", 60 + wanted / 5e6, look_every_s=0.1)
        finally:
            agent.terminate()
            assert agent.wait(60) == 0
        assert sink.store.count == lines
        assert most_mib <= MOST_MIB, most_mib
