"""A SELECT of those who must read what they have written waits; everything else goes straight to the store."""

from typing import Any

import pyarrow as pa

from whodid.ingest.settled import SettledStore


class Told:
    """A store, and a backlog, that write down what they are asked."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    async def settled(self) -> None:
        self.asked.append("settled")

    async def select(self, sql: str, *, timeout_s: float = 60.0, memory_bytes: int = 0) -> pa.Table:
        self.asked.append((sql, timeout_s, memory_bytes))
        return pa.table({"n": [1]})

    async def write(self, sql: str) -> int:
        self.asked.append(sql)
        return 5

    async def appending(self, work: Any) -> Any:
        self.asked.append("appending")
        return work(self)

    def close(self) -> None:
        self.asked.append("close")


async def test_a_select_waits_and_the_rest_does_not() -> None:
    told = Told()
    store = SettledStore(told, told.settled)
    assert (await store.select("SELECT 1", timeout_s=2, memory_bytes=3)).num_rows == 1
    assert await store.write("INSERT") == 5
    assert await store.appending(lambda _: 6) == 6
    store.close()
    assert told.asked == ["settled", ("SELECT 1", 2, 3), "INSERT", "appending", "close"]
