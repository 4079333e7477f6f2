"""Docker's json-file: what the engine divided is whole again, two streams have two formats, nothing raises."""

from itertools import pairwise
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.log_samples import join_records
from whodid.formats import FormatSettings, make_format

TIME = "2026-11-23T06:32:35.186402113Z"


def message(log: str, stream: str = "stdout", time: str = TIME) -> str:
    return orjson.dumps({"log": log, "stream": stream, "time": time}).decode()


def docker(**options: str) -> Any:
    return make_format("docker", FormatSettings(options=options))


@given(st.text(st.characters(codec="utf-8", exclude_characters="\n\r"), min_size=1), st.lists(st.integers(0, 99)))
def test_a_divided_line_is_whole_again(text: str, cuts: list[int]) -> None:
    edges = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    parts = [text[a:b] for a, b in pairwise(edges)]
    lines = [*map(message, parts[:-1]), message(parts[-1] + "\n"), message("next\n")]
    records = join_records(docker(), lines)
    assert len(records) == 2
    assert docker().parse(records[0]).line == text


def test_another_stream_ends_a_part() -> None:
    lines = [message("half "), message("of it\n"), message("half "), message("an error\n", "stderr")]
    assert [docker().parse(record).line for record in join_records(docker(), lines)] == [
        "half of it",
        "half ",
        "an error",
    ]


def test_streams_are_labels_and_may_have_formats_of_their_own() -> None:
    log = docker(inner="nginx_access", stderr="plain")
    line = '192.0.2.7 - - [23/Nov/2026:06:32:35 +0000] "GET / HTTP/1.1" 200 34 "-" "curl"\n'
    access, error = log.parse(message(line)), log.parse(message("2026-11-23 06:32:36 UTC oh\n", "stderr"))
    assert (access.attributes["status"], access.labels) == ("200", {"stream": "stdout"})
    assert (error.understood, error.labels) == (True, {"stream": "stderr"})
    assert not docker(inner="nginx_access").parse(message("oh\n", "stderr")).understood


def test_discovered_labels_only_if_asked() -> None:
    parsed = docker(discovered="keep").parse(message("x\n"))
    assert parsed.labels == {"stream": "stdout", "__meta_docker_container_log_stream": "stdout"}


def test_the_instant_is_the_engines_unless_the_text_states_one() -> None:
    assert docker().parse(message("x\n")).ns == 1795415555186402113
    assert docker().parse(message("2026-11-23 06:32:36 UTC x\n")).ns == 1795415556 * 10**9


def test_what_the_log_was_told_to_add_becomes_attributes() -> None:
    text = orjson.dumps({"log": "x\n", "attrs": {"com.shop.team": "web"}}).decode()
    assert docker().parse(text).attributes == {"com_shop_team": "web"}


def test_secrets_are_masked_in_line_and_attributes() -> None:
    text = orjson.dumps({"log": "password=hunter2\n", "attrs": {"env": "password=hunter2"}}).decode()
    assert "hunter2" not in repr(docker().parse(text))


@pytest.mark.parametrize(
    "text",
    [
        '{"log":1}',
        '{"log":"x","attrs":[]}',
        '{"log":"x","time":5}',
        "[]",
        "{" * 100_000,
        '{"log":"\\ud800"}',
        '{"log":',
    ],
)
def test_what_is_no_message_is_kept(text: str) -> None:
    parsed = docker().parse(text)
    assert (parsed.line, parsed.understood) == (text, False)


@pytest.mark.parametrize("time", ["", "yesterday", "9999-99-99T00:00:00Z", "0001-01-01T00:00:00Z"])
def test_odd_instants(time: str) -> None:
    assert docker().parse(message("x\n", time=time)).line == "x"
