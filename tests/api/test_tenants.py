"""X-Scope-OrgID: each tenant sees its own lines only, several may be read at once, the trail is written by nobody."""

import itertools
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.api_house import PUSH, QUERY_RANGE, House
from whodid.api.tenants import BadTenant, read_tenants, write_tenant

_numbers = itertools.count(1)


def fresh() -> str:
    """A tenant that no other test has."""
    return f"t-{os.getpid()}-{next(_numbers)}"


async def jobs(house: House, tenant: str, selector: str = '{job=~".+"}') -> list[tuple[str, str]]:
    answer = await house.client.get(QUERY_RANGE, params={"query": selector}, headers={"X-Scope-OrgID": tenant})
    assert answer.status_code == 200, answer.text
    streams = [stream["stream"] for stream in answer.json()["data"]["result"]]
    return sorted((stream["job"], stream.get("__tenant_id__", "")) for stream in streams)


async def push(house: House, tenant: str, job: str) -> int:
    now_ns = house.services.clock.now_ns()
    answer = await house.push_json(
        [{"stream": {"job": job}, "values": [[str(now_ns), "a line"]]}], **{"X-Scope-OrgID": tenant}
    )
    return answer.status_code


async def test_each_tenant_sees_its_own(house: House) -> None:
    a, b = fresh(), fresh()
    assert [await push(house, a, "mine"), await push(house, b, "theirs")] == [204, 204]
    await house.store({"job": "nobodys"}, "x")
    assert await jobs(house, a) == [("mine", "")]
    assert await jobs(house, b) == [("theirs", "")]
    assert await jobs(house, "") == [("nobodys", "")]
    for path in ("labels", "label/job/values", "series", "detected_labels", "index/stats"):
        answer = await house.client.get(
            f"/loki/api/v1/{path}", params={"query": '{job="theirs"}'}, headers={"X-Scope-OrgID": a}
        )
        assert "theirs" not in answer.text


async def test_several_are_read_at_once_and_narrowed_by_their_label(house: House) -> None:
    a, b = fresh(), fresh()
    await push(house, a, "mine")
    await push(house, b, "theirs")
    both = f"{b}|{a}|{b}"
    assert await jobs(house, both) == [("mine", a), ("theirs", b)]
    assert await jobs(house, both, f'{{__tenant_id__="{a}"}}') == [("mine", a)]
    answer = await house.client.get("/loki/api/v1/labels", headers={"X-Scope-OrgID": both})
    assert "__tenant_id__" in answer.json()["data"]


async def test_nobody_writes_to_two_or_to_the_trail(house: House) -> None:
    assert await push(house, "a|b", "x") == 400
    assert await push(house, "whodid", "x") == 400
    answer = await house.client.post(PUSH, headers={"X-Scope-OrgID": "a/b"})
    assert (answer.status_code, answer.text) == (400, "tenant ID 'a/b' contains unsupported character '/'\n")


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("a b", "contains unsupported character ' '"),
        ("..", "tenant ID is '.' or '..'"),
        ("x" * 151, "tenant ID is too long: max 150 characters"),
        ("a||b", "no org id"),
        ("|".join(str(n) for n in range(101)), "names 101 tenants"),
    ],
)
def test_what_is_no_tenant_is_said(header: str, words: str) -> None:
    with pytest.raises(BadTenant, match=words.replace("(", "\\(")):
        read_tenants(header, "fake")


@given(st.text(max_size=200))
def test_a_tenant_that_is_taken_is_one_that_was_named(header: str) -> None:
    for read in (read_tenants, write_tenant):
        try:
            taken = read(header, "fake")
        except BadTenant:
            continue
        assert set(taken.split("|")) == set(header.split("|")) if header else taken == "fake"
