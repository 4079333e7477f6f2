"""patterns over HTTP: what Logs Drilldown shows, each usable as a line filter."""

from kit.api_house import House

PATTERNS = "/loki/api/v1/patterns"


async def test_patterns_with_counts_that_find_their_lines(house: House) -> None:
    await house.store({"job": "db"}, *(f"login of user {n} from 10.0.0.{n} accepted" for n in range(30)))
    await house.store({"job": "db"}, *(f"error: could not read block {n} of the file" for n in range(5)))
    body = (await house.client.get(PATTERNS, params={"query": '{job="db"}', "step": "30s"})).json()
    assert body["status"] == "success"
    found = {item["pattern"]: item for item in body["data"]}
    assert {pattern: sum(n for _, n in item["samples"]) for pattern, item in found.items()} == {
        "login of user <_> from <_> accepted": 30,
        "error: could not read block <_> of the file": 5,
    }
    assert found["error: could not read block <_> of the file"]["level"] == "error"
    assert all(second % 30 == 0 for item in found.values() for second, _ in item["samples"])
    for pattern, item in found.items():
        lines = await house.lines(f'{{job="db"}} |> "{pattern}"', limit="100")
        assert len(lines) == sum(n for _, n in item["samples"])


async def test_nothing_is_an_empty_list_and_a_bad_question_an_error(house: House) -> None:
    assert (await house.client.post(PATTERNS, data={"query": '{job="nobody"}'})).json()["data"] == []
    for parameters, words in (({"query": "{"}, "parse error"), ({"query": "{}", "step": "-1"}, "zero or negative")):
        answer = await house.client.get(PATTERNS, params=parameters)
        assert (answer.status_code, words in answer.text) == (400, True)
