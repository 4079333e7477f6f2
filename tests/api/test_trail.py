"""whodid's own endpoints: findings as JSON and as text, alerts and rules as they are."""

import time
from typing import Any

import pytest

from kit.api_house import House
from whodid.investigate.finding import Attribution, Finding
from whodid.model.clock import SECOND
from whodid.server import QuestionTooLarge

FINDINGS = "/whodid/api/v1/findings"


def a_finding(**values: Any) -> Finding:
    about: dict[str, Any] = {
        "at_ns": 1_767_225_600 * SECOND,
        "operation": "TRUNCATE",
        "object": "User",
        "statement": 'TRUNCATE "User";',
        "outcome": "completed",
        "outcome_why": "the server logged its duration",
        "account": "shop_admin",
        "client": "10.0.0.7",
        "app": "psql",
        "database": "shop",
        "session": "1.2",
        "trust": "ok",
        "why": "",
        "person": Attribution(None, "", "unknown", (), ()),
    }
    return Finding(**{**about, **values})


async def test_findings_as_json(house: House) -> None:
    house.found = [a_finding()]
    answer = await house.client.get(FINDINGS, params={"since": "1h", "word": ["truncate", " ", "User"]})
    assert answer.headers["content-type"] == "application/json"
    (finding,) = answer.json()["findings"]
    assert finding["at"] == "2026-01-01T00:00:00Z"
    assert finding["person"]["id"] is None
    ((start_ns, end_ns, words),) = house.asked
    assert end_ns - start_ns == 3600 * SECOND
    assert abs(end_ns - time.time_ns()) < 60 * SECOND
    assert list(words) == ["truncate", "User"]


async def test_findings_as_text_are_safe_for_a_terminal(house: House) -> None:
    house.found = [a_finding(statement='TRUNCATE "User"; \x1b]0;owned\x07\x1b[2J\r', app="x\x9b31m")]
    answer = await house.client.get(FINDINGS, params={"format": "text"})
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.text.startswith('TRUNCATE "User" took effect at 00:00:00 UTC')
    assert all(char.isprintable() or char == "\n" for char in answer.text)


async def test_nothing_found_says_whether_there_was_anything_to_judge(house: House) -> None:
    asked = {"format": "text", "start": "100", "end": "200"}
    judged = (await house.client.get(FINDINGS, params=asked)).text
    house.deeds = False
    nothing = (await house.client.get(FINDINGS, params=asked)).text
    assert judged == "No dangerous statement was found in this time.\n"
    assert nothing.startswith(judged)
    assert "so there was nothing to judge; `whodid check` says what is followed." in nothing
    assert house.asked[-1] == (100 * SECOND, 200 * SECOND, ["deeds"])
    house.found = [a_finding()]
    assert "nothing to judge" not in (await house.client.get(FINDINGS, params=asked)).text


@pytest.mark.parametrize(
    ("parameters", "start_s", "end_s"),
    [
        ({"start": "100", "end": "200"}, 100, 200),
        ({"start": "1970-01-01T00:01:40Z", "end": "200"}, 100, 200),
        ({"end": "100000"}, 100_000 - 86_400, 100_000),
        ({"end": "100000", "since": "1h"}, 96_400, 100_000),
    ],
)
async def test_the_span_of_the_question(house: House, parameters: dict[str, str], start_s: int, end_s: int) -> None:
    await house.client.get(FINDINGS, params=parameters)
    assert house.asked == [(start_s * SECOND, end_s * SECOND, [])]


async def test_a_bad_span_is_told(house: House) -> None:
    answer = await house.client.get(FINDINGS, params={"since": "yesterday"})
    assert (answer.status_code, answer.text) == (
        400,
        "could not parse 'since' parameter: not a valid duration string: \"yesterday\"",
    )
    assert house.asked == []


async def test_a_question_that_is_too_large_is_not_answered_in_part(house: House) -> None:
    async def find(*asked: object) -> list[Finding]:
        raise QuestionTooLarge("more than 5 lines bear on this question")

    house.services.find = find
    answer = await house.client.get(FINDINGS)
    assert (answer.status_code, answer.text) == (400, "more than 5 lines bear on this question")
