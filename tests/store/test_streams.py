"""The stream index: ids that never change, labels that survive anything."""

import asyncio
import uuid

from hypothesis import given, settings
from hypothesis import strategies as st

from kit.chdb_store import shared_store
from whodid.store.streams import StreamIndex, stream_id

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
LABELS = st.dictionaries(st.text("abc_", min_size=1, max_size=3), TEXT, max_size=4)


async def loaded() -> StreamIndex:
    index = StreamIndex(shared_store())
    await index.load()
    return index


def test_ids_are_stable_for_ever() -> None:
    # Stored rows carry these numbers: a change here orphans every line of every installation.
    assert stream_id("fake", {"job": "database", "host": "prod"}) == 2662237769590453923
    assert stream_id("fake", {"host": "prod", "job": "database"}) == 2662237769590453923
    assert stream_id("other", {"job": "database", "host": "prod"}) != 2662237769590453923


def test_a_tenant_cannot_name_itself_into_another() -> None:
    assert stream_id("a", {"b": "c"}) != stream_id('a\0{b="c"}', {})


@given(st.lists(LABELS, max_size=6), TEXT)
@settings(max_examples=15)
async def test_what_was_added_is_there_after_a_restart(sets: list[dict[str, str]], name: str) -> None:
    tenant = f"{uuid.uuid4()}{name.replace('|', '')}"  # which joins tenants
    new = {stream_id(tenant, labels): labels for labels in sets}
    index = StreamIndex(shared_store())
    await index.add(tenant, new)
    assert index.streams(tenant) == new
    assert (await loaded()).streams(tenant) == new


async def test_tenants_do_not_see_each_other() -> None:
    one, other = str(uuid.uuid4()), str(uuid.uuid4())
    index = StreamIndex(shared_store())
    await index.add(one, {1: {"job": "a"}})
    assert index.streams(other) == {}
    assert (await loaded()).streams(other) == {}


async def test_several_tenants_at_once_are_told_apart_by_a_label() -> None:
    one, other = str(uuid.uuid4()), str(uuid.uuid4())
    index = StreamIndex(shared_store())
    await index.add(one, {1: {"job": "a"}})
    await index.add(other, {2: {"job": "a", "__tenant_id__": "liar"}})
    assert index.streams(f"{one}|{other}|nobody") == {
        1: {"job": "a", "__tenant_id__": one},
        2: {"job": "a", "__tenant_id__": other, "original___tenant_id__": "liar"},
    }
    assert index.streams(one) == {1: {"job": "a"}}


async def test_a_stream_that_is_added_twice_is_there_once() -> None:
    tenant = str(uuid.uuid4())
    labels = {"job": "a"}
    indexes = [StreamIndex(shared_store()) for _ in range(3)]
    await asyncio.gather(
        *[index.add(tenant, {stream_id(tenant, labels): labels}) for index in indexes for _ in range(2)]
    )
    table = await shared_store().select(f"SELECT count() AS n FROM streams FINAL WHERE tenant = '{tenant}'")
    assert table["n"][0].as_py() == 1


async def test_a_first_push_may_bring_tens_of_thousands_of_streams() -> None:
    tenant = str(uuid.uuid4())
    sets = ({"job": "x" * 50, "n": str(n)} for n in range(6000))
    new = {stream_id(tenant, labels): labels for labels in sets}
    await asyncio.wait_for(StreamIndex(shared_store()).add(tenant, new), 30)
    assert (await loaded()).streams(tenant) == new
    await shared_store().write(f"DELETE FROM streams WHERE tenant = '{tenant}'")  # later tests load the table too
