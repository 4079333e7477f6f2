"""From the line in the file to the webhook: how long it takes, and what a kill -9 in between may not do.

The whole path is real: file → agent → push → fsynced commit → rule → outbox → HTTP. The goal is below one second.
"""

import statistics
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kit.processes import PREFIX, Installation, wait_until
from kit.webhook_sink import WebhookSink, webhook_sink

TIMES = 20
GOAL_S = 1.0


class Scene:
    """An installation whose webhook is the sink and whose database log is written by the tests."""

    def __init__(self, directory: Path, sink: WebhookSink) -> None:
        self.sink = sink
        self._log = directory / "postgresql.log"
        self._log.touch()
        source = {"job": "database", "format": "postgres", "paths": [str(self._log)], "line_prefix": PREFIX}
        self.whodid = Installation(directory, agent={"sources": [source]}, notify=[{"url": sink.url, "name": "sink"}])

    def begin(self) -> None:
        self.server = self.whodid.start("server")
        self.whodid.start("agent")
        # The way is open once a first line is stored; before that a latency would be the start-up's.
        self.write("SELECT 1;")
        wait_until(lambda: self.whodid.total('{job="database"}') == 1, "the first line is stored", look_every_s=0.1)

    def write(self, statement: str) -> None:
        stamp = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        who = "user=shop_admin,db=shop,app=psql,client=10.20.0.77"
        with self._log.open("a") as file:
            file.write(f"{stamp} [4711]: [1-1] {who} LOG:  statement: {statement}\n")

    def truncate(self, table: str) -> None:
        self.write(f'TRUNCATE "{table}";')

    def told(self) -> list[tuple[str, str]]:
        """(table, delivery id) of every alert that came to the webhook, repeats included."""
        return [(alert["labels"]["table"], hook.id) for hook in self.sink.hooks for alert in hook.json["alerts"]]

    def tables(self) -> list[str]:
        return [table for table, _ in self.told()]

    def wait_for(self, table: str) -> None:
        wait_until(lambda: table in self.tables(), f"the alert of {table}", look_every_s=0.001)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with webhook_sink() as sink:
        scene = Scene(tmp_path_factory.mktemp("whodid"), sink)
        try:
            scene.begin()
            yield scene
        finally:
            scene.whodid.stop()


def test_a_truncate_reaches_the_webhook_within_a_second(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    scene.sink.hooks.clear()
    took_s = []
    for n in range(TIMES):
        begun_s = time.perf_counter()
        scene.truncate(f"Table{n}")
        scene.wait_for(f"Table{n}")
        took_s.append(time.perf_counter() - begun_s)
    with capsys.disabled():
        print(
            f"\n  write → webhook, {TIMES} times: min {min(took_s) * 1000:.0f} ms, "
            f"median {statistics.median(took_s) * 1000:.0f} ms, max {max(took_s) * 1000:.0f} ms"
        )
    assert scene.tables() == [f"Table{n}" for n in range(TIMES)]
    assert statistics.median(took_s) < GOAL_S


def test_a_killed_server_repeats_and_forgets_no_alert(scene: Scene) -> None:
    scene.sink.hooks.clear()
    scene.truncate("Told")
    scene.wait_for("Told")

    # The webhook has the request but has not answered when the server dies: the server cannot know that it arrived.
    scene.sink.open.clear()
    scene.truncate("Unanswered")
    scene.wait_for("Unanswered")
    scene.whodid.kill(scene.server)
    scene.sink.open.set()
    scene.truncate("Unheard")
    scene.whodid.start("server")
    scene.truncate("Afterwards")
    scene.wait_for("Afterwards")  # alerts of one rule are delivered in order, so everything before it has come

    assert scene.tables() == ["Told", "Unanswered", "Unanswered", "Unheard", "Afterwards"]
    ids = dict(scene.told())
    assert len(set(ids.values())) == 4, "each alert has its own delivery id"
    assert len(set(scene.told())) == 4, "the repeat has the same id, so that the receiver can drop it"
