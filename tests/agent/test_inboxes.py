"""The inboxes of one source: found again after a restart, told to the collector, removed when done."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from kit.agent_parts import StillClock
from kit.docker_engine import FakeEngine
from kit.inboxes import wait_for
from whodid.agent.inboxes import Inboxes
from whodid.agent.settings import SourceSettings
from whodid.model.clock import SystemClock
from whodid.sources.docker import DockerReceiver, DockerSettings
from whodid.sources.receiver import Origin, Received

SETTINGS = SourceSettings("docker", "", labels={"site": "a"}, options={"multiline": "stamp"})
SHOP = Origin("shop-1", labels={"container": "shop"}, format="postgres", line_prefix="%m ")


def open_all(root: Path) -> Inboxes:
    return Inboxes(SETTINGS, root / "inbox", StillClock())


def test_an_origin_is_a_source_with_its_own_labels_and_format(tmp_path: Path) -> None:
    inboxes = open_all(tmp_path)
    inboxes(SHOP)
    (source,) = inboxes.sources()
    assert source.paths == (str(tmp_path / "inbox/shop-1/inbox.log"),)
    assert (source.format, source.options) == ("received", {"multiline": "stamp", "inner": "postgres"})
    assert source.labels == {"site": "a", "container": "shop"}
    assert (source.line_prefix, source.file_label) == ("%m ", False)


def test_a_format_that_the_settings_name_goes_before_the_origins(tmp_path: Path) -> None:
    inboxes = Inboxes(SourceSettings("docker", "auth"), tmp_path, StillClock())
    inboxes(SHOP)
    assert inboxes.sources()[0].options["inner"] == "auth"


def test_the_list_is_the_same_object_until_something_changes(tmp_path: Path) -> None:
    inboxes = open_all(tmp_path)
    inboxes(SHOP)
    first = inboxes.sources()
    inboxes(SHOP)
    assert inboxes.sources() is first
    inboxes(Origin("shop-1", labels={"container": "renamed"}))
    assert inboxes.sources()[0].labels["container"] == "renamed"


def test_what_was_received_before_a_crash_is_there_without_its_sender(tmp_path: Path) -> None:
    asyncio.run(open_all(tmp_path)(SHOP).put([Received("a", cursor="7")]))
    again = open_all(tmp_path)
    assert [source.labels["container"] for source in again.sources()] == ["shop"]
    assert again(SHOP).cursor() == "7"


def test_a_job_of_its_own(tmp_path: Path) -> None:
    inboxes = open_all(tmp_path)
    inboxes(Origin("x", labels={"job": "billing"}))
    assert inboxes.sources()[0].job == "billing"


def test_a_finished_one_goes_when_it_is_sent(tmp_path: Path) -> None:
    inboxes = open_all(tmp_path)
    inbox = inboxes(SHOP)
    asyncio.run(inbox.put([Received("a")]))
    inbox.finish()
    inboxes.sweep(lambda device, inode, size: False)
    assert len(inboxes.sources()) == 1
    inboxes.sweep(lambda device, inode, size: True)
    assert list(inboxes.sources()) == []
    assert not (tmp_path / "inbox/shop-1").exists()


def test_what_nobody_asks_for_any_more_goes_when_it_is_sent(tmp_path: Path) -> None:
    """Only what an earlier run has left: what was asked for in this one is its receiver's business."""
    before = open_all(tmp_path)
    for key in ("gone", "there", "asked"):
        asyncio.run(before(Origin(key)).put([Received("a")]))
    before.close()
    again = open_all(tmp_path)
    again(Origin("asked"))
    again(Origin("new"))
    again.keep({"there"})
    again.sweep(lambda device, inode, size: False)
    assert len(again.sources()) == 4
    again.sweep(lambda device, inode, size: True)
    assert {path.name for path in (tmp_path / "inbox").iterdir()} == {"there", "asked", "new"}
    again(Origin("gone"))
    again.keep({"there"})
    again.sweep(lambda device, inode, size: True)
    assert (tmp_path / "inbox/gone").exists()
    again.close()


async def test_a_container_destroyed_while_the_agent_was_away_leaves_nothing_behind() -> None:
    with tempfile.TemporaryDirectory() as directory:  # a socket's path must be short
        root = Path(directory)
        async with FakeEngine(root / "d.sock") as engine:
            boxes = [engine.make(name) for name in ("gone", "stays")]
            for box in boxes:
                engine.start_container(box)
                engine.say(box, "a line")
            async with received(engine, root) as inboxes:
                logs = [root / "inbox" / box.id[:32] / "inbox.log" for box in boxes]
                await wait_for(lambda: all(log.exists() and log.stat().st_size for log in logs), "both lines")
            engine.remove(boxes[0])
            async with received(engine, root) as inboxes:
                await wait_for(lambda: engine.requests.count("/containers/json?all=1&filters=%7B%7D") == 2, "a look")
                assert len(inboxes.sources()) == 3
                inboxes.sweep(lambda device, inode, size: False)
                assert len(inboxes.sources()) == 3, "what is not sent stays"
                await wait_for(lambda: _swept(inboxes) == 2, "its end")
        assert not (root / "inbox" / boxes[0].id[:32]).exists()
        assert (root / "inbox" / boxes[1].id[:32]).exists()


def _swept(inboxes: Inboxes) -> int:
    inboxes.sweep(lambda device, inode, size: True)
    return len(inboxes.sources())


@asynccontextmanager
async def received(engine: FakeEngine, root: Path) -> AsyncIterator[Inboxes]:
    """What an agent's run makes of an engine."""
    inboxes = open_all(root)
    source = DockerReceiver(DockerSettings(host=f"unix://{engine.socket}"), SystemClock())
    task = asyncio.create_task(source.run(inboxes))
    try:
        yield inboxes
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        inboxes.close()


def test_a_key_is_no_way_out_of_the_directory(tmp_path: Path) -> None:
    inboxes = open_all(tmp_path)
    inboxes(Origin("../../etc/x"))
    assert {path.parent for path in (tmp_path / "inbox").iterdir()} == {tmp_path / "inbox"}


def test_a_torn_origin_is_told_of_and_left_alone(tmp_path: Path, caplog) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "inbox/x").mkdir(parents=True)
    (tmp_path / "inbox/x/origin.json").write_text("{")
    assert list(open_all(tmp_path).sources()) == []
    assert "cannot be read" in caplog.text
