"""Questions and Loki's answers to them, in Loki's words and shapes: cases/loki.yml."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

from kit.api_house import House, open_house
from whodid.ingest.limits import Limits
from whodid.model.clock import SECOND

CASES = yaml.safe_load((Path(__file__).parent / "cases" / "loki.yml").read_text())
BASE_NS = 1_700_000_000 * SECOND


@pytest.fixture
async def stocked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    """A house with the lines that the cases are about."""
    async with open_house(tmp_path, monkeypatch, ingest=Limits(reject_older_ns=1 << 62)) as house:
        for job, line, ns in (
            ("shop", "first", 0),
            ("shop", "second", SECOND),
            ("shop", "third", 2_500_000_000),
            ("mail", "sent to noa", SECOND),
        ):
            await house.store({"job": job, "host": "web1"}, line, ns=BASE_NS + ns)
        yield house


def said(answer: httpx2.Response, case: dict[str, Any]) -> Any:
    """Of the answer, what the case is about."""
    if "text" in case or answer.status_code >= 400:
        return answer.text
    data = answer.json()["data"]
    if "lines" in case:
        return [line for stream in data["result"] for _, line in stream["values"]]
    return data["result"] if isinstance(data, dict) else data


async def difference(house: House, case: dict[str, Any]) -> str:
    """What the house does not say as Loki does; empty if nothing."""
    asked = case.get("with", {})
    if "form" in case:
        answer = await house.client.post(case["ask"], params=asked, data=case["form"])
    else:
        answer = await house.client.get(case["ask"], params=asked)
    expected = case["text"] if "text" in case else case.get("lines", case.get("data"))
    kind = "text/plain; charset=utf-8" if answer.status_code >= 400 else "application/json; charset=UTF-8"
    wanted, came = (
        (case.get("status", 200), case.get("type", kind), expected),
        (answer.status_code, answer.headers["content-type"], said(answer, case)),
    )
    return "" if came == wanted else f"{case['name']}\n  Loki: {wanted}\n  here: {came}"


async def test_every_case_is_answered_as_loki_answers_it(stocked: House) -> None:
    wrong = [text for case in CASES if (text := await difference(stocked, case))]
    assert not wrong, "\n".join(["", *wrong])


def test_every_case_says_what_it_expects() -> None:
    assert len({case["name"] for case in CASES}) == len(CASES)
    assert all(case.keys() & {"text", "lines", "data"} for case in CASES)
