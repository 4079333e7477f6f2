"""What this machine can do today, and who else was using it: without that no number means anything. Linux only."""

import hashlib
import os
import platform
import statistics
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

_TICKS = os.sysconf("SC_CLK_TCK")


def yardsticks(directory: Path) -> dict[str, float]:
    """Fixed work, timed: SHA-256 and an empty loop on one core, an fsync of the disk that `directory` is on."""
    block = bytes(1 << 20)
    begin = time.perf_counter()
    for _ in range(200):
        hashlib.sha256(block).digest()
    sha = 200 / (time.perf_counter() - begin)
    turns = 1_000_000
    begin = time.perf_counter()
    for _ in range(turns):
        pass
    loop = (time.perf_counter() - begin) / turns
    waits = []
    with (directory / "fsync").open("wb") as file:
        for _ in range(20):
            file.write(block[:4096])
            file.flush()
            begin = time.perf_counter()
            os.fsync(file.fileno())
            waits.append(time.perf_counter() - begin)
    return {
        "sha256_MiB_per_s": round(sha, 1),
        "empty_loop_ns": round(loop * 1e9, 1),
        "fsync_ms": round(statistics.median(waits) * 1e3, 2),
    }


def description() -> dict[str, Any]:
    """The machine, and the commit that was measured."""
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False)
    return {
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        "commit": commit.stdout.strip(),
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def cpu_seconds(pid: int) -> float:
    """Time that a process and its threads have run."""
    fields = _times(pid)
    return (int(fields[11]) + int(fields[12])) / _TICKS if fields else 0.0


def _times(pid: int | str) -> list[str]:
    """The fields of /proc/…/stat from the state on; none when the process is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def memory_mib(pid: int) -> float:
    """Resident memory of a process."""
    line = next(x for x in Path(f"/proc/{pid}/status").read_text().splitlines() if x.startswith("VmRSS"))
    return round(int(line.split()[1]) / 1024, 1)


def disk_mb(directory: Path) -> float:
    """What the files below a directory take, in the unit of the marks: 10^6 bytes."""
    return round(sum(size for size in _sizes(directory)) / 1e6, 1)


def _sizes(directory: Path) -> Iterable[int]:
    for path in directory.rglob("*"):
        try:
            if path.is_file() and not path.is_symlink():
                yield path.stat().st_blocks * 512
        except FileNotFoundError:  # merges remove files at any moment
            continue


class Company:
    """Counts the processor time that others took: neither this process nor the programs it started."""

    def __init__(self) -> None:
        self._begin_s, self._begin = time.monotonic(), _others_s()

    def cores(self) -> float:
        """How many cores others kept busy since the beginning, on average."""
        return round(max(0.0, (_others_s() - self._begin) / (time.monotonic() - self._begin_s)), 2)


def _others_s() -> float:
    # user, nice, system, irq, softirq, steal: all but idle and waiting for disks
    fields = Path("/proc/stat").read_text().split(maxsplit=11)[1:11]
    busy_s = sum(int(fields[n]) for n in (0, 1, 2, 5, 6, 7)) / _TICKS
    own = _times("self")
    ended = sum(int(ticks) for ticks in own[13:15]) / _TICKS
    return busy_s - ended - cpu_seconds(os.getpid()) - sum(map(cpu_seconds, _children()))


def _children() -> list[int]:
    pids = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
    return [pid for pid in pids if (times := _times(pid)) and int(times[1]) == os.getpid()]
