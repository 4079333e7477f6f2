"""The outbox's file: order, remembering finished deliveries for a while, and refusing a newer version."""

import math
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from whodid.model.alert import Alert
from whodid.notify.queue_file import OutboxError, QueueFile

ALERT = Alert({"alertname": "A"}, {"s": "x"}, "firing", 1, 0, math.nan, "f")


@pytest.fixture
async def file(tmp_path: Path) -> AsyncIterator[QueueFile]:
    it = QueueFile(tmp_path / "o")
    yield it
    await it.close()


async def test_deliveries_come_back_as_they_were_put(file: QueueFile) -> None:
    await file.put("n1", ["a", "b"], [ALERT], 5)
    delivery = await file.next("b")
    assert delivery is not None
    assert (delivery.id, delivery.attempts, delivery.due_ns) == ("n1", 0, 5)
    (alert,) = delivery.alerts
    assert math.isnan(alert.value)
    assert (alert.labels, alert.annotations, alert.fingerprint) == ({"alertname": "A"}, {"s": "x"}, "f")
    assert await file.next("c") is None


async def test_finished_deliveries_are_remembered_and_then_pruned(file: QueueFile) -> None:
    await file.put("n1", ["a"], [ALERT], 5)
    delivery = await file.next("a")
    assert delivery is not None
    await file.finish(delivery, "delivered", 10)
    await file.put("n1", ["a"], [ALERT], 11)
    assert await file.next("a") is None
    await file.prune(10)
    assert (await file.counts())["a"].delivered == 1
    await file.prune(11)
    assert await file.counts() == {}


async def test_a_receiver_that_was_added_gets_a_notice_that_is_put_again(file: QueueFile) -> None:
    await file.put("n1", ["a"], [ALERT], 5)
    await file.put("n1", ["a", "b"], [ALERT], 6)
    assert (await file.counts())["b"].queued == 1


def test_a_file_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "o") as db:
        db.execute("PRAGMA user_version=9")
    db.close()
    with pytest.raises(OutboxError, match="newer whodid"):
        QueueFile(tmp_path / "o")
