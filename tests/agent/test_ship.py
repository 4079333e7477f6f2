"""Delivery: what each answer means, how long to wait, what is sent."""

import random
from collections.abc import Mapping

import pytest

from kit.agent_parts import EPOCH_S, StillClock
from whodid.agent.batch import Batch
from whodid.agent.health import Health
from whodid.agent.ship import Refusal, Reply, Shipper, is_accepted, is_final, wait_before_retry_s
from whodid.model.clock import SECOND
from whodid.wire.push_headers import KEY_HEADER

BATCH = Batch("ab12", b"body", 3, ())
MEANINGS = {
    **dict.fromkeys((200, 204, 201), "accepted"),
    **dict.fromkeys((400, 413, 415, 422), "final"),
    # 260 is Loki's "ingestion is blocked"; a closed door says nothing about the lines.
    **dict.fromkeys((0, 260, 301, 401, 403, 404, 405, 407, 408, 425, 429, 500, 502, 503, 504), "again"),
}


class Script:
    """A transport that answers from a list, and remembers what was sent."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = list(replies)
        self.sent: list[dict[str, str]] = []
        self.closed = False

    def post(self, body: bytes, headers: Mapping[str, str]) -> Reply:
        assert body == b"body"
        self.sent.append(dict(headers))
        return self.replies.pop(0)

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize("status", MEANINGS)
def test_meaning(status: int) -> None:
    meaning = "accepted" if is_accepted(status) else "final" if is_final(status) else "again"
    assert meaning == MEANINGS[status]


async def deliver(script: Script, token: str | None = None) -> tuple[Refusal | None, Health, float]:
    clock, health = StillClock(), Health()
    shipper = Shipper(script, lambda: token, clock, health, random.Random(1))
    try:
        return await shipper.deliver(BATCH), health, clock.seconds
    finally:
        shipper.close()


async def test_tries_until_it_works_with_the_same_key() -> None:
    script = Script(*(Reply(s) for s in (503, 0, 429, 401, 500)), Reply(204))
    refusal, health, waited_s = await deliver(script)
    assert refusal is None
    assert health.attempts_failed == 5
    assert {h[KEY_HEADER] for h in script.sent} == {"ab12"}
    assert script.sent[0]["Content-Type"] == "application/x-protobuf"
    assert script.sent[0]["User-Agent"].startswith("whodid/")
    assert "Authorization" not in script.sent[0]
    assert 0 < waited_s < 0.25 * 32
    assert script.closed


async def test_refusal_is_final() -> None:
    script = Script(Reply(503), Reply(400, "line too old"))
    refusal, _, _ = await deliver(script)
    assert refusal == Refusal(400, "line too old")


async def test_token_is_sent_and_never_logged(caplog: pytest.LogCaptureFixture) -> None:
    script = Script(Reply(401, "no"), Reply(204))
    with caplog.at_level("DEBUG"):
        await deliver(script, token="s3cret")
    assert script.sent[0]["Authorization"] == "Bearer s3cret"
    assert "check the agent's token" in caplog.text
    assert "s3cret" not in caplog.text


async def test_says_it_once_and_says_when_it_is_over(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"):
        await deliver(Script(*[Reply(503, "starting")] * 5, Reply(204)))
    said = [r.getMessage() for r in caplog.records if r.name.startswith("whodid")]
    assert len(said) == 2
    assert "answers 503: starting" in said[0]
    assert "after 5 failed attempts" in said[1]


def test_back_off_grows_with_full_jitter_up_to_its_limit() -> None:
    rng = random.Random(1)
    longest = [max(wait_before_retry_s(n, "", 0, rng) for _ in range(300)) for n in (0, 1, 2, 20)]
    for got, limit in zip(longest, (0.25, 0.5, 1.0, 30.0), strict=True):
        assert limit * 0.9 < got <= limit
    assert min(wait_before_retry_s(20, "", 0, rng) for _ in range(300)) < 1


RETRY_AFTER = [
    ("7", 7.0),
    ("0", 0.0),
    ("86400", 300.0),
    ("Mon, 23 Nov 2026 03:53:27 GMT", 27.0),
    ("Mon, 23 Nov 2026 03:00:00 GMT", 0.0),
]


@pytest.mark.parametrize(("header", "expected_s"), RETRY_AFTER)
def test_retry_after(header: str, expected_s: float) -> None:
    now_ns = (EPOCH_S + 5_980) * SECOND  # 03:53:00
    assert wait_before_retry_s(0, header, now_ns, random.Random()) == pytest.approx(expected_s)


def test_nonsense_in_retry_after_is_ignored() -> None:
    assert wait_before_retry_s(0, "soon", 0, random.Random()) <= 0.25
