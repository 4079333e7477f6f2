"""From commit to webhook in a process that is killed (SIGKILL) again and again: no line forgotten, none told twice."""

import os
import random
import subprocess
import sys
from pathlib import Path

import whodid
from kit.webhook_sink import WebhookSink, webhook_sink

LINES = 90
CHILD = Path(__file__).parent.parent / "kit" / "alerting_child.py"


def child(folder: Path, url: str, committed: int) -> "subprocess.Popen[bytes]":
    paths = [str(Path(whodid.__file__).parent.parent), str(CHILD.parent.parent)]
    return subprocess.Popen(
        [sys.executable, str(CHILD), str(folder), url, str(LINES), str(committed)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
    )


def told(sink: WebhookSink) -> int:
    return len({got.id for got in sink.hooks})


def values(sink: WebhookSink) -> list[int]:
    """How many lines the alert had counted, in each notice; a repeated delivery of a notice counts once."""
    by_id: dict[str, int] = {}
    for got in sink.hooks:
        by_id.setdefault(got.id, int(got.json["alerts"][0]["annotations"]["count"]))
    return sorted(by_id.values())


async def test_killed_again_and_again(tmp_path: Path) -> None:
    dice = random.Random(7)
    with webhook_sink() as sink:
        committed, kills = 0, 0
        while True:
            process = child(tmp_path, sink.url, committed)
            committed = LINES
            seen = len(sink.hooks)
            goal = seen + dice.randint(15, 35)
            try:
                await sink.until(lambda it, goal=goal: len(it.hooks) >= goal or told(it) == LINES, 20)  # type: ignore[misc]
            finally:
                process.kill()
                process.wait()
            if told(sink) == LINES:
                break
            kills += 1
            assert kills < 40, values(sink)
    assert kills >= 2
    assert values(sink) == list(range(1, LINES + 1))
