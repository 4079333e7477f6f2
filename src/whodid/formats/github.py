"""What a GitHub webhook delivery says: name of the event and payload in, a line and its attributes out. Pure.

Every delivery becomes a line of job `github`; the end of a deployment becomes a line of job `deployments` as well.
`user` is the account that GitHub says did it (`sender`), never what a commit says of itself: its author is whatever
somebody has set. A payload may hold anything under any name, so each is looked for and none relied upon. Shapes:
"Webhook events and payloads" in GitHub's documentation. Called by api/routes/webhooks.py.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import orjson

from whodid.formats.deployment import OPERATION, OUTCOMES
from whodid.formats.github_digest import MOST_CHARS, cut, digest
from whodid.formats.redact import Redactor
from whodid.model.clock import SECOND, parse_rfc3339

_MASK: Final = Redactor()
JOB: Final = "github"
MESSAGES: Final = 10
"""Commits of a push whose messages are told; the line has more of them."""
MESSAGE_CHARS: Final = 500
EMAILS: Final = 5
REPOSITORY_CHARS: Final = 200
_EVENT: Final = re.compile(r"[a-z][a-z0-9_]{0,59}")
_ACTION: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_ZEROS: Final = re.compile(r"0+")
"""The name of no commit: before the first and after the last of a branch."""
_WITHOUT_ACTION: Final = frozenset(
    {"push", "create", "delete", "ping", "workflow_run", "deployment", "deployment_status"}
)
"""Events whose operation is named without the action: it says nothing that another attribute does not say better."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery, read."""

    line: str
    attributes: dict[str, str]
    repository: str = ""
    """`owner/name`."""
    ns: int | None = None
    """When it happened, where the payload states that."""
    deployment: dict[str, str] = field(default_factory=dict)
    """Attributes of the deployment that has ended with it; empty: none has."""


def read_delivery(
    event: str, delivery: str, body: bytes, deploy_words: Sequence[str] = (), redact: Callable[[str], str] = _MASK
) -> Delivery:
    """Reads the JSON of a payload. Never raises: what cannot be read is kept as it is."""
    event = event if _EVENT.fullmatch(event) else "unknown"
    known = {"event": event, "delivery": cut(delivery, redact, 100)}
    try:
        document = orjson.loads(body)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        text = body[: MOST_CHARS * 2].decode("utf-8", "replace")
        return Delivery(redact(text)[:MOST_CHARS] or "(empty)", {"operation": event, **known})
    payload = _Payload(document, redact)
    out = {"operation": _operation(event, payload.text("action")), "user": payload.text("sender", "login"), **known}
    _READERS.get(event, _anything)(payload, out)
    return Delivery(
        digest({**document, **known}, redact),
        {name: text for name, text in out.items() if text},
        payload.text("repository", "full_name", most_chars=REPOSITORY_CHARS),
        _instant(payload, event),
        _deployment(payload, event, known["delivery"]) if _ends_deployment(payload, event, deploy_words) else {},
    )


class _Payload:
    """Looks for things in a document without believing that they are there."""

    def __init__(self, root: dict[str, object], redact: Callable[[str], str]) -> None:
        self._root, self._redact = root, redact

    def at(self, *path: str) -> object:
        node: object = self._root
        for name in path:
            node = node.get(name) if isinstance(node, dict) else None
        return node

    def text(self, *path: str, most_chars: int = 1000) -> str:
        return self.as_text(self.at(*path), most_chars)

    def first(self, *paths: Sequence[str]) -> str:
        """The first text that there is."""
        return next((text for path in paths if (text := self.text(*path))), "")

    def as_text(self, value: object, most_chars: int = 1000) -> str:
        if isinstance(value, str):
            return cut(value, self._redact, most_chars)
        return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def _operation(event: str, action: str) -> str:
    return event if event in _WITHOUT_ACTION or not _ACTION.fullmatch(action) else f"{event}_{action}"


# ---- events ----


def _anything(payload: _Payload, out: dict[str, str]) -> None:
    """What many events have in common."""
    out["target"] = payload.first(("member", "login"), ("membership", "user", "login"), ("invitation", "login"))
    out["team"] = payload.text("team", "name")
    out["title"] = payload.first(("issue", "title"), ("discussion", "title"), ("release", "name"), ("key", "title"))
    out["number"] = payload.first(("issue", "number"), ("discussion", "number"), ("alert", "number"))
    out["version"] = payload.text("release", "tag_name")
    out["url"] = payload.first(*((name, "html_url") for name in ("issue", "discussion", "release", "alert")))


def _push(payload: _Payload, out: dict[str, str]) -> None:
    out["ref"], out["ref_type"] = _ref(payload.text("ref"))
    if payload.at("deleted") is True:
        out["operation"] = f"delete_{out['ref_type']}"
    elif payload.at("forced") is True and payload.at("created") is not True:
        out["operation"] = "force_push"
    out["user"] = out["user"] or payload.text("pusher", "name")
    out["before"] = _commit(payload.text("before"))
    out["after"] = _commit(payload.text("after"))
    commits = payload.at("commits")
    if isinstance(commits, list):
        out["commits"] = str(len(commits))
        _commits(payload, commits, out)
    out["url"] = payload.text("compare")


def _commits(payload: _Payload, commits: list[object], out: dict[str, str]) -> None:
    told: list[str] = []
    emails: dict[str, None] = {}
    for commit in commits:
        message = commit.get("message") if isinstance(commit, dict) else None
        author = commit.get("author") if isinstance(commit, dict) else None
        if isinstance(message, str) and len(told) < MESSAGES:
            told.append(payload.as_text(message.strip().partition("\n")[0].strip(), MESSAGE_CHARS))
        email = author.get("email") if isinstance(author, dict) else None
        if isinstance(email, str) and email and len(emails) < EMAILS:
            emails[payload.as_text(email, 200)] = None
    out["message"] = payload.as_text("; ".join(told), MESSAGE_CHARS)
    out["emails"] = ", ".join(emails)


def _pull_request(payload: _Payload, out: dict[str, str]) -> None:
    request = "pull_request"
    merged = payload.at("action") == "closed" and payload.at(request, "merged") is True
    if merged:
        out["operation"] = "pull_request_merged"
    out["number"] = payload.text("number") or payload.text(request, "number")
    out["title"] = payload.text(request, "title")
    out["ref"] = payload.text(request, "head", "ref")
    out["base"] = payload.text(request, "base", "ref")
    out["before"] = payload.text("before")
    out["after"] = payload.text(request, "merge_commit_sha") if merged else payload.text(request, "head", "sha")
    out["url"] = payload.text(request, "html_url")
    out["target"] = payload.first(("assignee", "login"), ("requested_reviewer", "login"))


def _create_or_delete(payload: _Payload, out: dict[str, str]) -> None:
    out["ref"], out["ref_type"] = payload.text("ref"), payload.text("ref_type")
    if out["ref_type"] in ("branch", "tag"):
        out["operation"] = f"{out['operation']}_{out['ref_type']}"


def _member(payload: _Payload, out: dict[str, str]) -> None:
    out["target"] = payload.text("member", "login")
    out["role"] = payload.first(("changes", "role_name", "to"), ("changes", "permission", "to"))


def _repository(payload: _Payload, out: dict[str, str]) -> None:
    owner = ("changes", "owner", "from")
    out["old_name"] = payload.first(
        ("changes", "repository", "name", "from"), (*owner, "user", "login"), (*owner, "organization", "login")
    )
    out["url"] = payload.text("repository", "html_url")


def _workflow_run(payload: _Payload, out: dict[str, str]) -> None:
    run = "workflow_run"
    out["workflow"] = payload.first((run, "name"), ("workflow", "name"), (run, "path"))
    out["status"] = payload.first((run, "conclusion"), (run, "status"))
    out["outcome"] = OUTCOMES.get(out["status"], "")
    out["ref"] = payload.text(run, "head_branch")
    out["version"] = payload.text(run, "head_sha")
    out["number"] = payload.text(run, "run_number")
    out["title"] = payload.text(run, "display_title")
    out["url"] = payload.text(run, "html_url")


def _deployment_event(payload: _Payload, out: dict[str, str]) -> None:
    """`deployment` and `deployment_status`."""
    status = "deployment_status"
    out["environment"] = payload.first((status, "environment"), ("deployment", "environment"))
    out["status"] = payload.text(status, "state")
    out["outcome"] = OUTCOMES.get(out["status"], "")
    out["ref"] = payload.text("deployment", "ref")
    out["version"] = payload.text("deployment", "sha")
    out["workflow"] = payload.first(("workflow", "name"), ("workflow_run", "name"))
    out["message"] = payload.first((status, "description"), ("deployment", "description"))
    out["url"] = payload.first(
        (status, "log_url"), (status, "target_url"), ("workflow_run", "html_url"), (status, "environment_url")
    )


def _ping(payload: _Payload, out: dict[str, str]) -> None:
    out["message"] = payload.text("zen")


_READERS: Final[dict[str, Callable[[_Payload, dict[str, str]], None]]] = {
    "push": _push,
    "pull_request": _pull_request,
    "create": _create_or_delete,
    "delete": _create_or_delete,
    "member": _member,
    "repository": _repository,
    "workflow_run": _workflow_run,
    "deployment": _deployment_event,
    "deployment_status": _deployment_event,
    "ping": _ping,
}


def _ref(ref: str) -> tuple[str, str]:
    """The short name of a branch or tag, and which of the two it is."""
    if ref.startswith("refs/tags/"):
        return ref.removeprefix("refs/tags/"), "tag"
    return ref.removeprefix("refs/heads/"), "branch"


def _commit(sha: str) -> str:
    return "" if _ZEROS.fullmatch(sha) else sha


# ---- instants ----

_INSTANTS: Final[dict[str, tuple[tuple[str, ...], ...]]] = {
    "push": (("repository", "pushed_at"),),
    "pull_request": (("pull_request", "updated_at"),),
    "workflow_run": (("workflow_run", "updated_at"),),
    "deployment": (("deployment", "created_at"),),
    "deployment_status": (("deployment_status", "created_at"),),
}
"""Where GitHub's own clock has written when it happened; never where a developer's has (commits)."""


def _instant(payload: _Payload, event: str) -> int | None:
    for path in _INSTANTS.get(event, ()):
        value = payload.at(*path)
        if isinstance(value, int) and not isinstance(value, bool):
            return value * SECOND
        try:
            return parse_rfc3339(value) if isinstance(value, str) else None
        except (ValueError, OverflowError):
            return None
    return None


# ---- deployments ----


def _ends_deployment(payload: _Payload, event: str, words: Sequence[str]) -> bool:
    if event == "deployment_status":
        return payload.text("deployment_status", "state") in OUTCOMES
    if event != "workflow_run" or payload.at("action") != "completed":
        return False
    if payload.text("workflow_run", "conclusion") not in OUTCOMES:
        return False  # skipped: nothing was deployed
    names = [payload.text("workflow_run", "name"), payload.text("workflow", "name")]
    names.append(payload.text("workflow_run", "path").partition("@")[0].rpartition("/")[2])
    return any(word.lower() in name.lower() for word in words for name in names)


def _deployment(payload: _Payload, event: str, delivery: str) -> dict[str, str]:
    """The attributes of a deployment: who, what, which version, how it went."""
    read: dict[str, str] = {}
    _READERS[event](payload, read)
    repository = payload.text("repository", "full_name", most_chars=REPOSITORY_CHARS)
    if payload.at("workflow_run", "event") == "release":
        read["version"] = read["ref"]  # the tag: what people call it
    out = {"operation": OPERATION, "user": _deployer(payload), "service": repository.rpartition("/")[2]}
    for name in ("version", "environment", "outcome", "status", "ref", "workflow"):
        out[name] = read.get(name, "")
    out["repository"] = repository
    out["message"] = read.get("message") or read.get("title", "")
    out["url"] = read["url"]
    out["delivery"] = delivery
    return {name: text for name, text in out.items() if text}


def _deployer(payload: _Payload) -> str:
    """The person behind it: GitHub Actions acts under an account of its own."""
    accounts = (
        ("workflow_run", "triggering_actor"),
        ("workflow_run", "actor"),
        ("deployment", "creator"),
        ("deployment_status", "creator"),
        ("sender",),
    )
    for path in accounts:
        login = payload.text(*path, "login")
        if login and not login.endswith("[bot]") and payload.at(*path, "type") != "Bot":
            return login
    return payload.text("sender", "login")
