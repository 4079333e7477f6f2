"""The webhook over real HTTP: Alertmanager's JSON, the signature, which answers are final, no URL in any message."""

import base64
import hashlib
import hmac
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from kit.webhook_sink import WebhookSink, webhook_sink
from whodid.model.alert import Alert
from whodid.model.clock import SECOND, SystemClock
from whodid.notify.receiver import SendFailed
from whodid.notify.settings import WebhookSettings
from whodid.notify.webhook import SecretError, Webhook, payload, sign

FIRING = Alert({"alertname": "A", "user": "raz"}, {"summary": "s", "x": "1"}, "firing", 7 * SECOND, 0, 3.0, "f1")
ENDED = Alert(
    {"alertname": "A", "user": "bo"}, {"summary": "s", "x": "2"}, "resolved", 7 * SECOND, 9 * SECOND, 1.0, "f2"
)


@pytest.fixture
def sink() -> Iterator[WebhookSink]:
    with webhook_sink() as it:
        yield it


@asynccontextmanager
async def webhook(url: str, **changes: object) -> AsyncIterator[Webhook]:
    hook = Webhook(WebhookSettings("team", url, **changes), SystemClock())  # type: ignore[arg-type]
    try:
        yield hook
    finally:
        await hook.close()


def test_the_message_is_alertmanagers_version_4() -> None:
    assert payload([FIRING, ENDED], "team", "http://h/logs/") == {
        "version": "4",
        "groupKey": '{}:{alertname="A"}',
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "team",
        "groupLabels": {"alertname": "A"},
        "commonLabels": {"alertname": "A"},
        "commonAnnotations": {"summary": "s"},
        "externalURL": "http://h/logs/",
        "alerts": [
            {
                "status": "firing",
                "labels": {"alertname": "A", "user": "raz"},
                "annotations": {"summary": "s", "x": "1"},
                "startsAt": "1970-01-01T00:00:07Z",
                "endsAt": "0001-01-01T00:00:00Z",
                "generatorURL": "http://h/logs/#findings",
                "fingerprint": "f1",
            },
            {
                "status": "resolved",
                "labels": {"alertname": "A", "user": "bo"},
                "annotations": {"summary": "s", "x": "2"},
                "startsAt": "1970-01-01T00:00:07Z",
                "endsAt": "1970-01-01T00:00:09Z",
                "generatorURL": "http://h/logs/#findings",
                "fingerprint": "f2",
            },
        ],
    }
    assert payload([ENDED], "team")["status"] == "resolved"


@pytest.mark.parametrize(
    ("external_url", "link"),
    [("http://h/logs/", "http://h/logs/#findings"), ("http://h/logs", "http://h/logs/#findings"), ("", "")],
)
def test_an_alert_leads_to_the_findings(external_url: str, link: str) -> None:
    assert payload([FIRING], "team", external_url)["alerts"][0]["generatorURL"] == link


async def test_it_arrives_with_its_delivery_id(sink: WebhookSink) -> None:
    async with webhook(sink.url) as hook:
        await hook.send([FIRING], "d-1")
    (got,) = sink.hooks
    assert got.id == "d-1"
    assert got.headers["content-type"] == "application/json"
    assert "webhook-signature" not in got.headers
    assert got.json == payload([FIRING], "team")


@pytest.mark.parametrize("text", ["a plain secret\n", "whsec_" + base64.b64encode(b"binary\x00secret").decode()])
async def test_the_signature_can_be_checked_by_the_receiver(sink: WebhookSink, tmp_path: Path, text: str) -> None:
    file = tmp_path / "secret"
    file.write_text(text)
    secret = base64.b64decode(text[6:]) if text.startswith("whsec_") else b"a plain secret"
    async with webhook(sink.url, secret_file=file) as hook:
        await hook.send([FIRING], "d-1")
    (got,) = sink.hooks
    signed = b"d-1." + got.headers["webhook-timestamp"].encode() + b"." + got.body
    expected = base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
    assert got.headers["webhook-signature"] == f"v1,{expected}"


def test_the_signature_is_that_of_the_specification() -> None:
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    made = sign(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}')
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    ("status", "permanent"),
    [(301, True), (400, True), (401, True), (404, True), (408, False), (429, False), (500, False), (503, False)],
)
async def test_which_answers_are_final(sink: WebhookSink, status: int, permanent: bool) -> None:
    sink.answers.append(status)
    sink.answer_headers["retry-after"] = "7"
    async with webhook(sink.url) as hook:
        with pytest.raises(SendFailed, match=f"team .127.0.0.1.: answered {status}") as caught:
            await hook.send([FIRING], "d")
    assert caught.value.permanent is permanent
    assert caught.value.retry_after_s == 7.0
    assert "s3cret" not in str(caught.value)


async def test_silence_and_absence_can_be_tried_again(sink: WebhookSink) -> None:
    sink.open.clear()
    async with webhook(sink.url, timeout_s=0.1) as hook:
        with pytest.raises(SendFailed, match="did not answer in time") as caught:
            await hook.send([FIRING], "d")
    assert not caught.value.permanent
    async with webhook("http://127.0.0.1:1/s3cret") as hook:
        with pytest.raises(SendFailed, match="ConnectError") as caught:
            await hook.send([FIRING], "d")
    assert not caught.value.permanent
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("url", ["gopher://h/s3cret", "http://", "no url s3cret"])
async def test_an_impossible_url_is_final(url: str) -> None:
    async with webhook(url) as hook:
        with pytest.raises(SendFailed) as caught:
            await hook.send([FIRING], "d")
    assert caught.value.permanent
    assert "s3cret" not in str(caught.value)


async def test_the_end_is_not_told_to_who_does_not_want_it(sink: WebhookSink) -> None:
    async with webhook(sink.url, send_resolved=False) as hook:
        await hook.send([FIRING, ENDED], "1")
        await hook.send([ENDED], "2")
    assert [[alert["fingerprint"] for alert in got.json["alerts"]] for got in sink.hooks] == [["f1"]]


async def test_no_log_line_holds_the_url(sink: WebhookSink, caplog: pytest.LogCaptureFixture) -> None:
    # The root logger at INFO is what a server runs with; httpx2 at INFO would print each URL.
    caplog.set_level(logging.INFO)
    async with webhook(sink.url) as hook:
        await hook.send([FIRING], "1")
    assert "s3cret" not in caplog.text


def test_a_secret_that_cannot_be_read_is_named_without_its_content(tmp_path: Path) -> None:
    def failure(path: Path) -> str:
        with pytest.raises(SecretError) as caught:
            Webhook(WebhookSettings("team", "http://h", secret_file=path), SystemClock())
        return str(caught.value)

    assert failure(tmp_path / "absent") == f"webhook team: secret_file {tmp_path}/absent: No such file or directory"
    (tmp_path / "bad").write_text("whsec_not*base64")
    assert failure(tmp_path / "bad") == f"webhook team: secret_file {tmp_path}/bad: not the text of a secret"
    (tmp_path / "empty").write_text("\n")
    assert failure(tmp_path / "empty") == f"webhook team: secret_file {tmp_path}/empty is empty"
