"""What holds for every route of both doors: who is answered, and with which headers."""

import re

import pytest

from kit.api_house import House
from kit.asgi_socket import AsgiSocket
from whodid.api.app import LoopbackOnly, api_app

GOOD_HOSTS = ["127.0.0.1", "127.0.0.1:3100", "localhost", "LOCALHOST:3100", "[::1]", "[::1]:3100"]
BAD_HOSTS = [
    "",
    "attacker.example",
    "attacker.example:3100",
    "127.0.0.1.attacker.example",
    "localhost.attacker.example:3100",
    "[::1].attacker.example",
    "[::2]:3100",
    "10.0.0.1:3100",
    "user@127.0.0.1",
]
BAD_ORIGINS = ["null", "https://attacker.example", "http://127.0.0.1.attacker.example", "file://", "x"]
GOOD_ORIGINS = ["http://127.0.0.1:7778", "http://localhost", "https://[::1]:7778"]


@pytest.mark.parametrize("host", GOOD_HOSTS)
async def test_this_machine_s_names_are_answered(house: House, host: str) -> None:
    for door in (house.client, house.page):
        path = "/ready" if door is house.client else "/logs/ready"
        assert (await door.get(path, headers={"host": host})).text == "ready\n"


@pytest.mark.parametrize("host", BAD_HOSTS)
async def test_other_names_are_refused(house: House, host: str) -> None:
    for door in (house.client, house.page):
        answer = await door.get("/ready", headers={"host": host})
        assert (answer.status_code, "This host name is not allowed" in answer.text) == (403, True)
        assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("origin", BAD_ORIGINS)
async def test_a_page_of_another_origin_is_refused_reading_and_writing(house: House, origin: str) -> None:
    headers = {"origin": origin}
    assert (await house.client.get("/loki/api/v1/labels", headers=headers)).status_code == 403
    assert (await house.client.post("/loki/api/v1/push", content=b"", headers=headers)).status_code == 403


@pytest.mark.parametrize("origin", GOOD_ORIGINS)
async def test_a_page_of_this_machine_may_ask(house: House, origin: str) -> None:
    assert (await house.client.get("/ready", headers={"origin": origin})).status_code == 200


@pytest.mark.parametrize(
    "headers", [{"host": "attacker.example"}, {"host": "127.0.0.1", "origin": "https://attacker.example"}]
)
async def test_a_socket_from_elsewhere_is_refused_before_it_opens(house: House, headers: dict[str, str]) -> None:
    async with AsgiSocket(house.api, "/loki/api/v1/tail", {"query": '{job="a"}'}, headers) as socket:
        assert not socket.accepted
        assert socket.closed == (1008, "this host name is not allowed")
    assert house.services.tails == 0


async def test_a_server_for_any_host_asks_nobody(house: House) -> None:
    """`hosts=None` is for the day when there is a sign-in."""
    async with AsgiSocket(
        api_app(house.services, None), "/loki/api/v1/tail", {"query": '{job="a"}'}, {"host": "logs.team.example"}
    ) as socket:
        assert socket.accepted


async def test_other_scopes_pass() -> None:
    seen = []

    async def app(scope, receive, send):  # type: ignore[no-untyped-def]
        seen.append(scope["type"])

    await LoopbackOnly(app, frozenset())({"type": "lifespan"}, None, None)  # type: ignore[arg-type]
    assert seen == ["lifespan"]


@pytest.mark.parametrize("path", ["/logs/", "/logs/ready", "/logs/loki/api/v1/labels", "/logs/no-such-page", "/"])
async def test_every_answer_carries_the_safe_headers(house: House, path: str) -> None:
    headers = (await house.page.get(path)).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'self'"
    assert "script-src" not in policy, "scripts fall back to default-src: our own files only"
    assert "unsafe-inline" not in policy["default-src"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "SAMEORIGIN"
    assert headers["referrer-policy"] == "same-origin"


async def test_the_dashboard_s_addresses(house: House) -> None:
    assert (await house.page.get("/")).headers["location"] == "/logs/"
    answer = await house.page.get("/logs", follow_redirects=True)
    assert answer.url.path == "/logs/"
    assert answer.status_code in (200, 503), "503 says that the page has not been built"
    assert ("make web" in answer.text) == (answer.status_code == 503)
    assert (await house.page.get("/logs/../../etc/passwd")).status_code in (404, 503)
    assert (await house.page.get("/logs/%2e%2e/%2e%2e/pyproject.toml")).status_code in (404, 503)


async def test_the_page_that_is_built_loads_only_its_own_files(house: House) -> None:
    answer = await house.page.get("/logs/")
    if answer.status_code == 503:
        pytest.skip("the dashboard has not been built here")
    for address in re.findall(r'(?:src|href)="([^"]+)"', answer.text):
        assert not address.startswith(("/", "http:", "https:")), "relative, for the page may stand under any path"
        assert (await house.page.get(f"/logs/{address}")).status_code == 200, address


async def test_without_a_build_the_page_says_what_to_do(
    house: House, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    import httpx2

    from whodid.api import app

    monkeypatch.setattr(app, "STATIC", tmp_path)
    transport = httpx2.ASGITransport(app.dashboard_app(house.services, None))
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
        answer = await client.get("/logs/")
        assert (answer.status_code, "make web" in answer.text) == (503, True)
        assert (await client.get("/logs/ready")).text == "ready\n", "the API beside it works"
