"""Which readers get a turn: those with something to read, the oldest file of a path first, no silent one at all."""

from dataclasses import dataclass, field
from typing import cast

from whodid.agent.batch import BatchBuilder
from whodid.agent.paths import Paths
from whodid.agent.reader import FileReader


@dataclass(eq=False)
class Scripted:
    """A reader that has so many chunks, and notes its turns."""

    name: str
    turns: list[str]
    chunks: int = 0
    done: bool = False
    left_out: bool = False
    wait: float | None = None
    hurried: list[bool] = field(default_factory=list)

    def fill(self, batch: BatchBuilder, hurry: bool) -> bool:
        self.turns.append(self.name)
        self.hurried.append(hurry)
        if self.chunks == 0:
            return False
        self.chunks -= 1
        batch.entries += 1
        return True

    def wait_s(self) -> float | None:
        return self.wait


def readers(*scripted: Scripted) -> list[FileReader]:
    return [cast("FileReader", one) for one in scripted]


def fill(paths: Paths, entries: int = 100) -> list[str]:
    return [cast("Scripted", reader).name for _, reader in paths.fill(BatchBuilder(entries, 1 << 20))]


def test_only_what_was_stirred_has_a_turn() -> None:
    turns: list[str] = []
    paths = Paths()
    a, b = Scripted("a", turns), Scripted("b", turns)
    paths.put(("job", "/a"), readers(a))
    paths.put(("job", "/b"), readers(b))
    fill(paths)
    turns.clear()
    fill(paths)
    assert turns == []
    b.chunks = 1
    paths.stir(("job", "/b"))
    paths.stir(("job", "/unknown"))
    fill(paths)
    assert turns == ["b", "b"]


def test_the_older_file_is_read_to_its_end_first_and_given_back() -> None:
    turns: list[str] = []
    paths = Paths()
    old, new = Scripted("old", turns, chunks=2, done=True), Scripted("new", turns, chunks=1)
    paths.put(("job", "/a"), readers(old, new))
    assert fill(paths) == ["old"]
    assert turns == ["old", "old", "old", "new", "new"]
    assert (set(old.hurried), set(new.hurried)) == ({True}, {False})
    assert [reader for _, reader in paths] == readers(new)


def test_a_full_batch_leaves_the_rest_busy_and_the_next_begins_elsewhere() -> None:
    turns: list[str] = []
    paths = Paths()
    for name in "abc":
        paths.put(("job", name), readers(Scripted(name, turns, chunks=9)))
    fill(paths, 2)
    fill(paths, 2)
    assert len(set(turns[:2])) == len(set(turns[2:])) == 2
    assert turns[0] != turns[2]


def test_what_waits_has_a_turn_until_it_waits_no_more() -> None:
    turns: list[str] = []
    paths = Paths()
    reader = Scripted("a", turns, wait=0.1)
    paths.put(("job", "/a"), readers(reader))
    fill(paths)
    assert paths.wait_s() == 0.1
    fill(paths)
    reader.wait = None
    fill(paths)
    assert (paths.wait_s(), len(turns)) == (None, 3)
    fill(paths)
    assert len(turns) == 3


def test_what_was_left_out_is_told_once_and_an_owner_can_leave() -> None:
    paths = Paths()
    reader = Scripted("a", [], left_out=True)
    paths.put(("job", "/a"), readers(reader))
    fill(paths)
    assert [key for key, _ in paths.left_out()] == [("job", "/a")]
    assert list(paths.left_out()) == []
    paths.drop("another")
    assert len(list(paths)) == 1
    owner = next(iter(paths))[0][0]
    paths.drop(owner)
    assert list(paths) == []
