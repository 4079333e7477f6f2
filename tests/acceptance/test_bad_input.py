"""What goes wrong from outside: broken pushes, hostile requests, impossible configurations.

Each gets one clear answer, and what was stored before is still there, to the byte.
"""

import gzip
import http.client
import json
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import cramjam
import pytest
import yaml
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from kit.processes import Installation, wait_until
from whodid.model.entry import Entry, Stream
from whodid.wire.push_protobuf import encode_push

PUSH = "/loki/api/v1/push"
SNAPPY = {"content-type": "application/x-protobuf"}
JSON = {"content-type": "application/json"}
GZIP = {**JSON, "content-encoding": "gzip"}
FORM = {"content-type": "application/x-www-form-urlencoded"}
HOUR_NS = 3600 * 10**9
MAX_BODY_BYTES = 64 << 20


@pytest.fixture(scope="module")
def whodid(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """One server for all of it; it must still be well at the end."""
    installation = Installation(tmp_path_factory.mktemp("whodid"))
    try:
        server = installation.start("server")
        yield installation
        assert server.poll() is None, "the server has died of it"
    finally:
        installation.stop()


@pytest.fixture(scope="module")
def kept(whodid: Installation) -> Any:
    """What was stored before anything bad came."""
    now_ns = time.time_ns()
    lines = [Entry(now_ns - n * 10**9, f"line {n} – ünïcödé \t\u2028", {"n": str(n)}) for n in range(50)]
    assert whodid.post(PUSH, snappy([Stream({"job": "kept"}, lines)]), SNAPPY) == (204, "")
    found = stored(whodid, "kept")
    assert sum(len(stream["values"]) for stream in found) == 50
    return found


@pytest.fixture(autouse=True)
def unharmed(request: pytest.FixtureRequest) -> Iterator[None]:
    """After each test that uses the server: the same lines as before, none more, none changed."""
    if "whodid" not in request.fixturenames:
        yield
        return
    whodid, before = request.getfixturevalue("whodid"), request.getfixturevalue("kept")
    yield
    assert stored(whodid, "kept") == before
    assert stored(whodid, "bad") == []


def stored(whodid: Installation, job: str) -> Any:
    """Every line of a job, in every detail."""
    now_ns = time.time_ns()
    bounds = {"start": str(now_ns - HOUR_NS), "end": str(now_ns + HOUR_NS)}
    answer = whodid.get("/loki/api/v1/query_range", query=f'{{job="{job}"}}', limit="5000", **bounds)
    return sorted(answer["data"]["result"], key=lambda stream: json.dumps(stream["stream"], sort_keys=True))


def snappy(streams: list[Stream]) -> bytes:
    return bytes(cramjam.snappy.compress_raw(encode_push(streams)))


def of_line(line: str = "x", at_ns: int | None = None) -> bytes:
    """A push of one line as job `bad`."""
    return snappy([Stream({"job": "bad"}, [Entry(at_ns if at_ns is not None else time.time_ns(), line, {})])])


def of_labels(labels: bytes) -> bytes:
    """A push of one empty entry whose label text is free."""
    stream = b"\x0a" + bytes([len(labels)]) + labels + b"\x12\x00"
    return bytes(cramjam.snappy.compress_raw(b"\x0a" + bytes([len(stream)]) + stream))


def of_json(value: object, at: str | None = None) -> bytes:
    return json.dumps(
        {"streams": [{"stream": {"job": "bad"}, "values": [[at or str(time.time_ns()), value]]}]}
    ).encode()


@dataclass(frozen=True)
class Bad:
    """A push, and what is said about it: the words stand in the one line of the answer."""

    name: str
    body: Callable[[], bytes]
    headers: dict[str, str]
    status: int
    words: str


BAD_PUSHES = [
    Bad("malformed snappy", lambda: b"\x10\xff\xff\xff this is no snappy", SNAPPY, 400, "snappy: corrupt input"),
    Bad("cut-off snappy", lambda: of_line()[:-3], SNAPPY, 400, "snappy: corrupt input"),
    Bad("no body at all", lambda: b"", SNAPPY, 400, "snappy: corrupt input"),
    Bad(
        "malformed protobuf",
        lambda: bytes(cramjam.snappy.compress_raw(b"\x0f\x01\x02\x03")),
        SNAPPY,
        400,
        "the push body is no protobuf PushRequest: a stream of wire type 7 at byte 1",
    ),
    Bad(
        "cut-off protobuf",
        lambda: bytes(cramjam.snappy.compress_raw(encode_push([Stream({"job": "bad"}, [Entry(1, "x", {})])])[:-2])),
        SNAPPY,
        400,
        "the push body is cut off: a stream of ",
    ),
    Bad(
        "protobuf broken inside an entry",
        lambda: bytes(cramjam.snappy.compress_raw(b'\x0a\x14\x0a\x0b{job="bad"}\x12\x05\x12\x7fabc')),
        SNAPPY,
        400,
        "the push body is no protobuf PushRequest",
    ),
    Bad("malformed JSON", lambda: b'{"streams": [', JSON, 400, "the push body is not Loki's JSON: "),
    Bad(
        "JSON nested without end",
        lambda: b'{"streams": ' + b"[" * 1_000_000,
        JSON,
        400,
        "the push body is not Loki's JSON: ",
    ),
    Bad(
        "JSON of another shape",
        lambda: b'{"streams": {"job": "bad"}}',
        JSON,
        400,
        "Expected `array | null`, got `object`",
    ),
    Bad(
        "a number for an instant",
        lambda: of_json("x").replace(b'[["', b"[[").replace(b'", "x', b', "x'),
        JSON,
        400,
        "streams[0].values[0]: the instant must be a string of nanoseconds",
    ),
    Bad(
        "a word for an instant",
        lambda: of_json("x", "now"),
        JSON,
        400,
        "streams[0].values[0]: the instant must be a string of nanoseconds",
    ),
    Bad("a number for a line", lambda: of_json(7), JSON, 400, "streams[0].values[0]: the line must be a string"),
    Bad(
        "bad UTF-8 in JSON",
        lambda: of_json("x").replace(b'"x"', b'"\xff\xfe"'),
        JSON,
        400,
        "the push body is not Loki's JSON: ",
    ),
    Bad("bad UTF-8 in labels", lambda: of_labels(b'{job="\xff"}'), SNAPPY, 400, "are not UTF-8"),
    Bad(
        "no streams", lambda: b'{"streams": []}', JSON, 422, "error at least one valid stream is required for ingestion"
    ),
    Bad("a bad label name", lambda: of_labels(b'{1job="bad"}'), SNAPPY, 400, "couldn't parse labels"),
    Bad("labels without an end", lambda: of_labels(b'{job="bad"'), SNAPPY, 400, "couldn't parse labels"),
    Bad(
        "a bad label name in JSON",
        lambda: b'{"streams": [{"stream": {"a-b": "bad"}, "values": []}]}',
        JSON,
        400,
        "'a-b' in stream 0 is not a label name ([a-zA-Z_][a-zA-Z0-9_]*)",
    ),
    Bad(
        "a line of 10 MB",
        lambda: of_line("x" * 10_000_000),
        SNAPPY,
        400,
        "max entry size '2097152' bytes exceeded for stream '{job=\"bad\", service_name=\"bad\"}' "
        "while adding an entry with length '10000000' bytes",
    ),
    Bad(
        "a clock in 1970", lambda: of_line(at_ns=0), SNAPPY, 400, "has timestamp too old: 1970-01-01T00:00:00Z, oldest"
    ),
    Bad("a clock before 1970", lambda: of_line(at_ns=-(10**18)), SNAPPY, 400, "has timestamp too old: 1938-04-24T"),
    Bad(
        "a clock in 2200",
        lambda: of_line(at_ns=7_258_118_400 * 10**9),
        SNAPPY,
        400,
        "has timestamp too new: 2200-01-01T",
    ),
    Bad(
        "a clock an hour ahead", lambda: of_line(at_ns=time.time_ns() + HOUR_NS), SNAPPY, 400, "has timestamp too new: "
    ),
    Bad(
        "an unknown encoding",
        lambda: b"x",
        {**JSON, "content-encoding": "br"},
        400,
        'Content-Encoding "br" not supported',
    ),
    Bad("no gzip", lambda: b"plain", GZIP, 400, "the push body is no gzip stream: "),
    Bad("a cut-off gzip", lambda: gzip.compress(of_json("x"))[:-20], GZIP, 400, "the push body is "),
    Bad("a gzip bomb", lambda: bomb(), GZIP, 413, f"the push body unpacks to more than {MAX_BODY_BYTES} bytes"),
    Bad(
        "a snappy bomb",
        lambda: b"\xff\xff\xff\xff\x0f" + b"\x00" * 64,
        SNAPPY,
        413,
        f"the push body unpacks to more than {MAX_BODY_BYTES} bytes",
    ),
]


def bomb() -> bytes:
    """A kilobyte for each megabyte that it unpacks to."""
    packer = zlib.compressobj(wbits=31)
    return b"".join(packer.compress(b" " * (1 << 20)) for _ in range(80)) + packer.flush()


@pytest.mark.parametrize("bad", BAD_PUSHES, ids=lambda bad: bad.name)
def test_a_bad_push_gets_one_clear_error(whodid: Installation, bad: Bad) -> None:
    status, text = whodid.post(PUSH, bad.body(), bad.headers)
    assert (status, bad.words in text) == (bad.status, True), text
    assert text.count("\n") == 1 and len(text) < 500 and "Traceback" not in text, text


def test_the_good_lines_of_a_partly_bad_push_are_kept(whodid: Installation) -> None:
    """As Loki does it; and the error counts the bad ones."""
    now_ns = time.time_ns()
    lines = [
        Entry(now_ns, "good", {}),
        Entry(5, "old", {}),
        Entry(now_ns + 1, "y" * 3_000_000, {}),
        Entry(now_ns + 2, "better", {}),
    ]
    status, text = whodid.post(PUSH, snappy([Stream({"job": "partly"}, lines)]), SNAPPY)
    assert (status, text.count("1 errors like: ")) == (400, 2), text
    assert [[line for _, line in stream["values"]] for stream in stored(whodid, "partly")] == [["better", "good"]]


def test_a_line_that_is_no_utf8_is_kept_readable(whodid: Installation) -> None:
    """No line is dropped for its bytes."""
    body = encode_push([Stream({"job": "bytes"}, [Entry(time.time_ns(), "caf~ au lait", {"user": "jos~"})])])
    assert whodid.post(PUSH, bytes(cramjam.snappy.compress_raw(body.replace(b"~", b"\xe9"))), SNAPPY) == (204, "")
    assert [[line for _, line in s["values"]] for s in stored(whodid, "bytes")] == [["caf\ufffd au lait"]]


def test_a_huge_body_is_refused_before_it_is_read(whodid: Installation) -> None:
    """The client learns it from the length that it announces; not a byte of the body needs to travel."""
    door = http.client.HTTPConnection("127.0.0.1", whodid.port, timeout=10)
    door.putrequest("POST", PUSH)
    for name, value in {**SNAPPY, "content-length": str(MAX_BODY_BYTES + 1)}.items():
        door.putheader(name, value)
    door.endheaders()
    answer = door.getresponse()
    assert (answer.status, answer.read().decode()) == (
        413,
        f"the push body is larger than {MAX_BODY_BYTES} bytes; send smaller batches\n",
    )
    door.close()


def test_a_huge_body_of_unknown_length_is_refused_on_the_way(whodid: Installation) -> None:
    door = http.client.HTTPConnection("127.0.0.1", whodid.port, timeout=10)
    door.putrequest("POST", PUSH)
    for name, value in {**SNAPPY, "transfer-encoding": "chunked"}.items():
        door.putheader(name, value)
    door.endheaders()
    for _ in range((MAX_BODY_BYTES >> 20) + 1):
        door.send(b"100000\r\n" + b"\x00" * (1 << 20) + b"\r\n")
    assert door.getresponse().status == 413  # though the body has no end yet
    door.close()


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"query": '{job="kept"'}, "parse error at line 1, col "),
        ({"query": '{job="kept"} |~ "("'}, "missing closing )"),
        ({"query": "{}"}, "at least one"),
        ({"query": '{job="kept"}', "limit": "-1"}, "limit must be a positive value"),
        ({"query": '{job="kept"}', "start": "yesterday"}, "could not parse 'start' parameter: "),
        ({"query": 'rate({job="kept"}[5m])', "step": "0"}, "zero or negative query resolution step widths"),
    ],
    ids=lambda value: "-".join(value.values()) if isinstance(value, dict) else "",
)
def test_a_bad_query_gets_one_clear_error(whodid: Installation, parameters: dict[str, str], words: str) -> None:
    status, text = whodid.post("/loki/api/v1/query_range", urlencode(parameters).encode(), FORM)
    assert (status, words in text, "\n" in text) == (400, True, False), text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("host", "trail.attacker.example"),  # DNS rebinding: a page's own name now points to 127.0.0.1
        ("host", "127.0.0.1.attacker.example:3100"),
        ("origin", "https://attacker.example"),
        ("origin", "null"),
    ],
)
def test_a_strange_host_or_origin_is_refused(whodid: Installation, name: str, value: str) -> None:
    for port, path in ((whodid.port, "/loki/api/v1/labels"), (whodid.pages_port, "/logs/loki/api/v1/labels")):
        door = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        door.putrequest("GET", path, skip_host=name == "host")
        door.putheader(name, value)
        door.endheaders()
        answer = door.getresponse()
        assert (answer.status, "This host name is not allowed" in answer.read().decode()) == (403, True)
        door.close()


def test_a_page_elsewhere_cannot_open_a_tail(whodid: Installation) -> None:
    url = f"ws://127.0.0.1:{whodid.pages_port}/logs/loki/api/v1/tail?query=%7Bjob%3D%22kept%22%7D"
    with pytest.raises(InvalidStatus) as refused, connect(url, origin="https://attacker.example"):  # type: ignore[arg-type]
        pass
    assert refused.value.response.status_code == 403


# -- processes ------------------------------------------------------------------------------------


def start_in_vain(half: str, file: Path) -> tuple[int, list[str]]:
    """Exit status and the lines of stderr of a process that cannot start."""
    command = [sys.executable, "-m", "whodid", half, "--config", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == ""
    return done.returncode, done.stderr.splitlines()


@pytest.mark.parametrize("half", ["server", "agent"])
def test_an_unknown_key_names_its_place_and_the_nearest(half: str, tmp_path: Path) -> None:
    file = tmp_path / "whodid.yml"
    file.write_text("data_dir: /nowhere\nretention:\n  perioud: 24h\n")
    status, lines = start_in_vain(half, file)
    assert (status, len(lines)) == (2, 1), lines
    assert lines[0].startswith(f"whodid: {file}:3:3: unknown key 'perioud' in retention; ")
    assert "'period'" in lines[0]


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    file = tmp_path / "whodid.yml"
    file.write_text("sever: {}\nserver: {listen: '0.0.0.0:3100'}\nretention: {period: soon}\n")
    status, lines = start_in_vain("server", file)
    assert (status, len(lines)) == (2, 3), lines
    assert f"{file}:1:1: unknown key 'sever'" in lines[0] and "'server'" in lines[0]
    assert f"{file}:2:18: server.listen 0.0.0.0:3100 would serve the trail to the network without a sign-in" in lines[1]
    assert f"{file}:3:21: period: " in lines[2]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    assert start_in_vain("server", tmp_path / "no.yml") == (
        2,
        [f"whodid: {tmp_path / 'no.yml'}:1:1: cannot read the configuration: No such file or directory"],
    )


@pytest.mark.parametrize("key", ["server", "dashboard"])
def test_an_occupied_port_is_named(whodid: Installation, tmp_path: Path, key: str) -> None:
    address = f"127.0.0.1:{whodid.port}"
    second = Installation(tmp_path, **{key: {"listen": address}})
    status, lines = start_in_vain("server", second.file)
    assert (status, len(lines)) == (2, 1), lines
    assert lines[0].startswith(f"whodid: cannot listen on {address} ({key}.listen): Address already in use; ")
    assert not (tmp_path / "data" / "store").exists(), "ports come first, before anything is touched"


def test_a_data_directory_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    status, lines = start_in_vain("server", Installation(tmp_path, data_dir="/dev/null/whodid").file)
    assert (status, len(lines)) == (2, 1), lines
    assert lines[0].startswith("whodid: cannot write to the data directory /dev/null/whodid: Not a directory; ")


def test_a_second_server_on_the_same_data_is_refused(whodid: Installation, tmp_path: Path) -> None:
    second = Installation(tmp_path, data_dir=whodid.values["data_dir"])
    status, lines = start_in_vain("server", second.file)
    assert (status, len(lines)) == (2, 1), lines
    assert "is in use by another whodid server; stop that one, or set another data_dir" in lines[0]


def test_a_missing_log_directory_is_waited_for(whodid: Installation, tmp_path: Path) -> None:
    logs = tmp_path / "later" / "today"
    source = {"job": "waited", "format": "plain", "paths": [str(logs / "*.log")]}
    agent = Installation(tmp_path, agent={"sources": [source]})
    agent.values["agent"]["server"] = whodid.url
    agent.file.write_text(yaml.safe_dump(agent.values))
    process = agent.start("agent")
    try:
        wait_until(lambda: str(logs) in agent.log.read_text(), "the agent says what it waits for")
        logs.mkdir(parents=True)
        (logs / "app.log").write_text("at last\n")
        wait_until(lambda: whodid.total('{job="waited"}') == 1, "the line arrives")
        assert process.poll() is None
        said = [line for line in agent.log.read_text().splitlines() if str(logs / "*.log") in line]
        assert len(said) == 1, said
    finally:
        agent.stop()
