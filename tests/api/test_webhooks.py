"""POST /webhooks/github and /webhooks/deploy on the real engine: who is believed, what is stored, and only once."""

import asyncio
import hashlib
import hmac
import json
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest

from kit.api_house import QUERY_RANGE, House, open_house
from whodid.api import services as services_module
from whodid.api.app import api_app
from whodid.api.hooks import DeployHook, GithubHook, Hooks
from whodid.api.routes import webhooks
from whodid.api.routes.webhooks import DEPLOY, GITHUB
from whodid.ingest.limits import Limits
from whodid.ingest.pipeline import TooMuchPending
from whodid.store.store import StoreError

SAMPLES = Path(__file__).parents[1] / "formats" / "github"
SECRET = b"cart-before-horse-7"
JSON = {"content-type": "application/json"}


def document(name: str) -> dict[str, Any]:
    return dict(json.loads((SAMPLES / f"{name}.json").read_text()))


def sample(name: str) -> tuple[str, bytes]:
    """Event and body of a sample."""
    found = document(name)
    return found["event"], json.dumps(found["payload"]).encode()


def moved(body: bytes, path: tuple[str, str], value: object) -> bytes:
    """A payload with another instant."""
    payload = json.loads(body)
    payload[path[0]][path[1]] = value
    return json.dumps(payload).encode()


def signature(body: bytes, secret: bytes = SECRET) -> str:
    return "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()


async def deliver(house: House, event: str, body: bytes, guid: str = "guid-1", **headers: str) -> httpx2.Response:
    said = {
        **JSON,
        "user-agent": "GitHub-Hookshot/0a1b2c3",
        "x-github-event": event,
        "x-github-delivery": guid,
        "x-hub-signature-256": signature(body),
        **{name.replace("_", "-"): text for name, text in headers.items()},
    }
    return await house.client.post(GITHUB, content=body, headers=said)


async def stored(house: House, query: str) -> list[tuple[int, str, dict[str, str], dict[str, str]]]:
    """Instant, line, labels and attributes, oldest first."""
    now = time.time_ns()
    bounds = {"start": str(now - 160 * 3600 * 10**9), "end": str(now + 10**12), "limit": "1000"}
    flags = {"x-loki-response-encoding-flags": "categorize-labels"}
    answer = await house.client.get(QUERY_RANGE, params={"query": query, **bounds}, headers=flags)
    assert answer.status_code == 200, answer.text
    found = [
        (int(ns), line, stream["stream"], more.get("structuredMetadata", {}))
        for stream in answer.json()["data"]["result"]
        for ns, line, more in stream["values"]
    ]
    return sorted(found, key=lambda entry: entry[0])


@pytest.fixture
def hooked(house: House, tmp_path: Path) -> House:
    """A house that knows GitHub's secret."""
    (tmp_path / "github.secret").write_bytes(SECRET + b"\n")
    house.services.hooks = Hooks(GithubHook(tmp_path / "github.secret"))
    return house


# ---- GitHub: stored ----


async def test_a_push_is_stored_with_who_and_where(hooked: House) -> None:
    event, body = sample("push")
    now_s = int(time.time()) - 5
    answer = await deliver(hooked, event, moved(body, ("repository", "pushed_at"), now_s))
    assert (answer.status_code, answer.content) == (204, b"")
    ((ns, line, labels, attributes),) = await stored(hooked, '{job="github"} | operation="push"')
    assert ns == now_s * 10**9
    assert (labels["job"], labels["repository"]) == ("github", "corner-shop/web")
    assert "host" not in labels
    assert (attributes["user"], attributes["commits"], attributes["delivery"]) == ("noa-adler", "2", "guid-1")
    assert json.loads(line)["commits"][1]["message"] == "triggers: remove the guard"


async def test_every_event_is_stored_once_and_its_deployment_beside_it(hooked: House) -> None:
    names = sorted(path.stem for path in SAMPLES.glob("*.json"))
    answers = await asyncio.gather(*(deliver(hooked, *sample(name), name) for name in names))
    assert {answer.status_code for answer in answers} == {204}
    by_id: dict[tuple[str, str], list[tuple[str, dict[str, str], dict[str, str]]]] = {}
    for _, line, labels, attributes in await stored(hooked, '{job=~".+"}'):
        by_id.setdefault((labels["job"], attributes["delivery"]), []).append((line, labels, attributes))
    for name in names:
        says = document(name)["says"]
        ((_, labels, attributes),) = by_id.pop(("github", name))
        assert labels.get("repository", "") == says["repository"]
        assert says["attributes"].items() <= attributes.items()
        if "deployment" in says:
            expected = {**says["deployment"], "delivery": name}
            ((line, _, attributes),) = by_id.pop(("deployments", name))
            assert expected.items() <= attributes.items()
            assert json.loads(line) == expected
    assert by_id == {}


async def test_a_form_is_read_too_and_signed_as_it_came(hooked: House) -> None:
    event, payload = sample("member_added")
    body = urlencode({"payload": payload.decode()}).encode()
    answer = await deliver(hooked, event, body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 204
    ((_, line, _, attributes),) = await stored(hooked, '{job="github"}')
    assert (attributes["operation"], attributes["target"]) == ("member_added", "dani-contract")
    assert line.startswith('{"event":"member"')


@pytest.mark.parametrize("body", [b"payload=", b"", b"&" * 50 + b"=", b"payload=%7B", b"payload=\xff"])
async def test_a_form_of_nothing_is_kept(hooked: House, body: bytes) -> None:
    answer = await deliver(hooked, "push", body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 204
    assert len(await stored(hooked, '{job="github"}')) == 1


async def test_a_large_delivery_does_not_hold_up_the_others(hooked: House) -> None:
    event, body = sample("push")
    large = json.loads(body)
    large["commits"] = [{"id": "a" * 40, "message": "m" * 4000, "author": {"email": "e@shop.example"}}] * 2000
    large["repository"]["pushed_at"] = None
    assert (await deliver(hooked, event, json.dumps(large).encode())).status_code == 204
    ((_, line, _, attributes),) = await stored(hooked, '{job="github"}')
    assert attributes["commits"] == "2000" and len(line) < 40_000


async def test_what_is_no_json_is_kept_as_it_is(hooked: House) -> None:
    assert (await deliver(hooked, "push", b"\xff{not json")).status_code == 204
    ((_, line, labels, attributes),) = await stored(hooked, '{job="github"}')
    assert line == "\ufffd{not json" and "repository" not in labels
    assert attributes["operation"] == "push"


# ---- GitHub: instants ----


async def test_an_instant_that_cannot_be_stored_is_now(hooked: House) -> None:
    """Too long ago, in the future by a clock that is behind, or none: the evidence is in the line."""
    event, body = sample("push")
    for number, at_s in enumerate((1_000_000_000, int(time.time()) + 3600, 10**17, -1, None, "soon")):
        answer = await deliver(hooked, event, moved(body, ("repository", "pushed_at"), at_s), f"guid-{number}")
        assert answer.status_code == 204, answer.text
    found = await stored(hooked, '{job="github"}')
    assert len(found) == 6
    assert all(abs(ns - time.time_ns()) < 60 * 10**9 for ns, *_ in found)


async def test_an_instant_within_retention_counts(hooked: House) -> None:
    event, body = sample("push")
    hooked.services.retention_ns = 3600 * 10**9
    ages_s = (3500, 3590, 3700)
    for age_s in ages_s:
        await deliver(hooked, event, moved(body, ("repository", "pushed_at"), int(time.time()) - age_s), f"g-{age_s}")
    found = {
        attributes["delivery"]: time.time_ns() - ns
        for ns, _, _, attributes in await stored(hooked, "{job=~'.+'}".replace("'", '"'))
    }
    assert [found[f"g-{age_s}"] > 1000 * 10**9 for age_s in ages_s] == [True, False, False]


# ---- GitHub: once ----


async def test_a_delivery_that_comes_again_is_acknowledged_and_not_stored_again(hooked: House) -> None:
    event, body = sample("workflow_run_deployed")
    for _ in range(3):
        assert (await deliver(hooked, event, body)).status_code == 204
    answers = await asyncio.gather(*(deliver(hooked, event, body, "guid-2") for _ in range(5)))
    assert {answer.status_code for answer in answers} == {204}
    for job in ("github", "deployments"):
        found = await stored(hooked, f'{{job="{job}"}}')
        assert sorted(attributes["delivery"] for *_, attributes in found) == ["guid-1", "guid-2"]


async def test_also_after_the_server_was_started_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    event, body = sample("workflow_run_deployed")
    hooks = Hooks(GithubHook(tmp_path / "secret"))
    (tmp_path / "secret").write_bytes(SECRET)
    async with open_house(tmp_path, monkeypatch) as first:
        tenant = services_module.DEFAULT_TENANT
        first.services.hooks = hooks
        assert (await deliver(first, event, body)).status_code == 204
        await first.services.ingest.settled()
    async with open_house(tmp_path, monkeypatch) as second:
        monkeypatch.setattr(services_module, "DEFAULT_TENANT", tenant)
        second.services.hooks = hooks
        assert (await deliver(second, event, body)).status_code == 204
        assert (await deliver(second, event, body, "guid-2")).status_code == 204
        found = await stored(second, '{job=~".+"}')
        assert sorted(a["delivery"] for *_, a in found) == ["guid-1", "guid-1", "guid-2", "guid-2"]


async def test_without_an_id_equal_bodies_are_one(hooked: House) -> None:
    event, body = sample("member_added")
    for _ in range(2):
        assert (await deliver(hooked, event, body, "")).status_code == 204
    assert len(await stored(hooked, '{job="github"}')) == 1


@pytest.mark.parametrize("error", [TooMuchPending("too many lines wait"), StoreError("the disk is full")])
async def test_what_could_not_be_stored_is_not_acknowledged(
    hooked: House, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    async def fail(*asked: object) -> None:
        raise error

    event, body = sample("push")
    with monkeypatch.context() as broken:
        broken.setattr(hooked.services.ingest, "push", fail)
        assert (await deliver(hooked, event, body)).status_code in (429, 500)
    assert (await deliver(hooked, event, body)).status_code == 204
    assert len(await stored(hooked, '{job="github"}')) == 1


# ---- GitHub: not believed ----


async def test_githubs_own_test_vector(house: House, tmp_path: Path) -> None:
    """ "Validating webhook deliveries" in GitHub's documentation gives a secret, a body and its signature."""
    (tmp_path / "secret").write_text("It's a Secret to Everybody")
    house.services.hooks = Hooks(GithubHook(tmp_path / "secret"))
    documented = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    for given, status in ((documented, 204), (documented.replace("757", "758"), 403)):
        headers = {**JSON, "x-github-event": "ping", "x-hub-signature-256": given}
        assert (await house.client.post(GITHUB, content=b"Hello, World!", headers=headers)).status_code == status


NOT_SIGNED = {
    "none": "",
    "of another secret": signature(sample("push")[1], b"guessed"),
    "of another body": signature(b"{}"),
    "empty": "sha256=",
    "cut": signature(sample("push")[1])[:-1],
    "of SHA-1": "sha1=" + hmac.new(SECRET, sample("push")[1], "sha1").hexdigest(),
    "no hexadecimal": "sha256=" + "z" * 64,
    "two": f"{signature(b'{}')},{signature(sample('push')[1])}",
    "other letters": "sha256=" + "١" * 64,
}


@pytest.mark.parametrize("case", NOT_SIGNED)
async def test_what_is_not_signed_is_refused_and_nothing_is_read(
    hooked: House, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    def never(*asked: object) -> None:
        raise AssertionError("read before it was believed")

    monkeypatch.setattr(webhooks, "read_delivery", never)
    event, body = sample("push")
    headers: Any = {**JSON, "x-github-event": event, "x-hub-signature-256": NOT_SIGNED[case].encode()}
    answer = await hooked.client.post(GITHUB, content=body, headers=headers)
    assert (answer.status_code, answer.text.count("\n")) == (403, 1)
    assert "X-Hub-Signature-256" in answer.text and SECRET.decode() not in answer.text
    assert await stored(hooked, '{job="github"}') == []


async def test_capital_letters_in_a_signature_are_good(hooked: House) -> None:
    event, body = sample("push")
    given = "sha256=" + signature(body).removeprefix("sha256=").upper()
    assert (await deliver(hooked, event, body, x_hub_signature_256=given)).status_code == 204


async def test_without_a_secret_nothing_is_taken(house: House, tmp_path: Path) -> None:
    event, body = sample("push")
    answer = await deliver(house, event, body)
    assert answer.status_code == 404
    assert answer.text == ("GitHub's deliveries are not taken here: set webhooks.github.secret_file in whodid.yml\n")
    file = tmp_path / "secret"
    house.services.hooks = Hooks(GithubHook(file))
    answer = await deliver(house, event, body)
    assert (answer.status_code, answer.text) == (
        503,
        f"webhooks.github.secret_file: {file} cannot be read: No such file or directory\n",
    )
    for nothing in (b"", b" \n"):
        file.write_bytes(nothing)
        answer = await deliver(house, event, body, x_hub_signature_256=signature(body, nothing.strip()))
        assert (answer.status_code, answer.text) == (503, f"webhooks.github.secret_file: {file} is empty\n")
    assert await stored(house, '{job="github"}') == []


async def test_a_new_secret_counts_at_once(hooked: House, tmp_path: Path) -> None:
    event, body = sample("push")
    (tmp_path / "github.secret").write_bytes(b"the next one")
    assert (await deliver(hooked, event, body)).status_code == 403
    given = signature(body, b"the next one")
    assert (await deliver(hooked, event, body, x_hub_signature_256=given)).status_code == 204


async def test_a_delivery_that_is_too_large_is_refused(hooked: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "MAX_GITHUB_BYTES", 1000)
    event, body = sample("push")
    answer = await deliver(hooked, event, body)
    assert (answer.status_code, answer.text) == (413, "the delivery is larger than 1000 bytes\n")


async def test_large_deliveries_do_not_fill_the_memory_and_small_ones_always_find_room(
    hooked: House,
) -> None:
    """Anybody may send 25 MB with a wrong signature, and slowly."""
    large, begun, go_on = 20 << 20, asyncio.Semaphore(0), asyncio.Event()

    async def slowly() -> Any:
        yield b" "
        begun.release()
        await go_on.wait()

    headers = {"x-hub-signature-256": signature(b"guessed"), "content-length": str(large)}
    tasks = [asyncio.create_task(hooked.client.post(GITHUB, content=slowly(), headers=headers)) for _ in range(5)]
    for _ in tasks:
        await asyncio.wait_for(begun.acquire(), 60)
    event, body = sample("push")
    refused = await hooked.client.post(GITHUB, content=slowly(), headers=headers)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
    assert (await deliver(hooked, event, body)).status_code == 204
    go_on.set()
    assert {(await task).status_code for task in tasks} == {403}
    assert hooked.services.hook_bytes == 0


async def test_a_delivery_that_does_not_end_is_given_up(hooked: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never() -> Any:
        yield b" "
        await asyncio.Event().wait()

    monkeypatch.setattr(webhooks, "READ_TIMEOUT_S", 0.05)
    answer = await hooked.client.post(GITHUB, content=never(), headers={"x-hub-signature-256": signature(b"x")})
    assert answer.status_code == 499
    assert hooked.services.hook_bytes == 0


async def test_only_post_and_only_on_the_api(hooked: House) -> None:
    assert (await hooked.client.get(GITHUB)).status_code == 405
    assert (await hooked.page.post(f"/logs{GITHUB}")).status_code in (404, 405)
    assert (await hooked.page.post(GITHUB)).status_code in (404, 405)


async def test_a_signed_delivery_may_come_under_any_name(hooked: House) -> None:
    """A proxy passes on the name that GitHub was given; what is not signed stays with this machine's own names."""
    event, body = sample("push")
    headers = {"host": "hooks.shop.example", "x-forwarded-for": "192.0.2.7"}
    assert (await deliver(hooked, event, body, **headers)).status_code == 204
    answer = await hooked.client.get(QUERY_RANGE, params={"query": '{job="github"}'}, headers=headers)
    assert answer.status_code == 403
    answer = await hooked.client.post(DEPLOY, json={"service": "shop"}, headers=headers)
    assert (answer.status_code, "This host name is not allowed" in answer.text) == (403, True)


# ---- deployments ----

DEPLOYED = {"who": "noa", "what": "shop", "version": "1.4.2", "environment": "prod", "status": "success"}


async def test_a_deployment_of_this_machine_needs_no_secret(house: House) -> None:
    at_ns = time.time_ns() - 7 * 10**9
    answer = await house.client.post(DEPLOY, json={**DEPLOYED, "at": at_ns // 10**9})
    assert (answer.status_code, answer.content) == (204, b"")
    ns, line, labels, attributes = (await stored(house, '{job="deployments"} | version="1.4.2"'))[-1]
    assert ns == at_ns // 10**9 * 10**9
    assert labels["job"] == "deployments"
    told = {"operation": "deploy", "user": "noa", "service": "shop", "outcome": "completed", "environment": "prod"}
    assert told.items() <= attributes.items()
    assert told.items() <= json.loads(line).items()


@pytest.mark.parametrize("header", ["x-forwarded-for", "x-real-ip", "forwarded", "via"])
async def test_what_a_proxy_passes_on_is_not_this_machine(house: House, header: str) -> None:
    answer = await house.client.post(DEPLOY, json=DEPLOYED, headers={header: "192.0.2.7"})
    assert answer.status_code == 404
    assert answer.text == (
        "deployments are taken from this machine alone: set webhooks.deploy.secret_file in whodid.yml\n"
    )


@pytest.mark.parametrize(("client", "status"), [("127.0.0.9", 204), ("::1", 204), ("192.0.2.7", 404), ("socket", 404)])
async def test_this_machine_is_known_by_its_address(house: House, client: str, status: int) -> None:
    transport = httpx2.ASGITransport(house.api, client=(client, 1))
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:3100") as elsewhere:
        assert (await elsewhere.post(DEPLOY, json=DEPLOYED)).status_code == status


@pytest.fixture
def guarded(house: House, tmp_path: Path) -> House:
    (tmp_path / "deploy.token").write_bytes(SECRET + b"\n")
    house.services.hooks = Hooks(deploy=DeployHook(tmp_path / "deploy.token"))
    return house


async def test_with_a_secret_the_token_or_a_signature_is_asked_for(guarded: House) -> None:
    body = json.dumps(DEPLOYED).encode()
    wrong: list[dict[str, str]] = [
        {},
        {"authorization": "Bearer guessed"},
        {"authorization": "Bearer "},
        {"authorization": f"Basic {SECRET.decode()}"},
        {"authorization": SECRET.decode()},
        {"x-hub-signature-256": signature(b"{}")},
        {"x-hub-signature-256": signature(b"{}"), "authorization": f"Bearer {SECRET.decode()}"},
    ]
    for headers in wrong:
        answer = await guarded.client.post(DEPLOY, content=body, headers={**JSON, **headers})
        assert (answer.status_code, answer.text.count("\n")) == (403, 1), headers
    assert await stored(guarded, '{job="deployments"}') == []
    good = [{"authorization": f"bearer {SECRET.decode()}"}, {"x-hub-signature-256": signature(body)}]
    for headers in good:
        assert (await guarded.client.post(DEPLOY, content=body, headers={**JSON, **headers})).status_code == 204
    assert len(await stored(guarded, '{job="deployments"}')) == 2


async def test_with_a_secret_a_proxy_may_stand_before_it(guarded: House) -> None:
    api = api_app(guarded.services, frozenset({"127.0.0.1"}))
    headers = {"authorization": f"Bearer {SECRET.decode()}", "x-forwarded-for": "192.0.2.7"}
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(api), base_url="https://hooks.shop.example"
    ) as outside:
        assert (await outside.post(DEPLOY, json=DEPLOYED, headers=headers)).status_code == 204
        assert (await outside.post(DEPLOY, json=DEPLOYED)).status_code == 403


async def test_a_repeated_deployment_is_stored_once(house: House) -> None:
    headers = {"x-whodid-idempotency-key": "run-88", "x-whodid-attempt": "2"}
    for _ in range(2):
        assert (await house.client.post(DEPLOY, json=DEPLOYED, headers=headers)).status_code == 204
    assert len(await stored(house, '{job="deployments"}')) == 1


@pytest.mark.parametrize(
    ("content", "headers", "status", "words"),
    [
        (b"{", JSON, 400, "the body is no JSON: "),
        (b"{}", JSON, 400, 'give "service"'),
        (b'{"service": "x", "at": 5}', JSON, 400, "has timestamp too old"),
        (b'{"service": "x"}', {}, 415, "a deployment is told as application/json"),
        (b'{"service": "x"}', {"content-type": "text/plain"}, 415, "a deployment is told as application/json"),
        (b" " * (1 << 20) + b"{}", JSON, 413, "the deployment is larger than 1048576 bytes"),
    ],
)
async def test_a_bad_deployment_is_told_so_in_one_line(
    house: House, content: bytes, headers: dict[str, str], status: int, words: str
) -> None:
    answer = await house.client.post(DEPLOY, content=content, headers=headers)
    assert (answer.status_code, words in answer.text, answer.text.count("\n")) == (status, True, 1), answer.text


def test_the_window_of_instants_is_the_write_path_s() -> None:
    assert Limits().creation_grace_ns > webhooks._MARGIN_NS
