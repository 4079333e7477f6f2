"""The line that is kept of a GitHub delivery: its payload as compact JSON, without what only helps programs.

A payload has 10 to 30 KB, nine tenths of them addresses of API calls; what is left is the evidence, with every name and
number that an event of any kind states. Bounded in depth, length and work, whatever a payload holds. Shapes: "Webhook
events and payloads" in GitHub's documentation. Called by github.py.
"""

from collections.abc import Callable, Mapping
from typing import Final

import orjson

MOST_CHARS: Final = 32 << 10
"""Of the whole line, nearly: what is under way is finished."""
TEXT_CHARS: Final = 1000
"""Of one text, such as the description of a pull request."""
MOST_ITEMS: Final = 100
MOST_DEPTH: Final = 8
_REDACTED_CHARS: Final = 8 << 10
"""How much of a text is searched for secrets: more than is kept, so that none is cut in half before it is seen."""
_FIRST: Final = ("event", "delivery", "action", "ref", "sender", "repository")
"""What stands in front, so that whoever sees the beginning of a line knows who and where."""
_KEPT_URLS: Final = frozenset({"html_url", "target_url", "log_url", "environment_url"})
_NOISE: Final = frozenset({"url", "node_id", "_links", "tree_id", "reactions", "performed_via_github_app"})
_ESSENCE: Final[dict[str, tuple[str, ...]]] = {
    "login": ("login", "id", "type"),
    "full_name": ("full_name", "id", "visibility", "private", "default_branch", "archived", "pushed_at"),
}
"""What is kept of an account (which has a login) and of a repository (which has a full name)."""


def digest(payload: Mapping[str, object], redact: Callable[[str], str]) -> str:
    """The line. Never raises on anything that JSON can say."""
    ordered = {name: payload[name] for name in _FIRST if name in payload}
    ordered |= {name: value for name, value in payload.items() if name not in ordered}
    return orjson.dumps(_Digest(redact).of(ordered, 0)).decode()


def cut(text: str, redact: Callable[[str], str], most_chars: int = TEXT_CHARS) -> str:
    """A text without secrets, and no longer than it may be."""
    clean = redact(text[:_REDACTED_CHARS])
    return clean if len(clean) <= most_chars and len(text) <= _REDACTED_CHARS else f"{clean[:most_chars]}…"


class _Digest:
    """One payload. `_left` counts down what may still be looked at: the cost of a hostile one, too, ends there."""

    def __init__(self, redact: Callable[[str], str]) -> None:
        self._redact = redact
        self._left = MOST_CHARS

    def of(self, value: object, depth: int) -> object:
        if isinstance(value, str):
            self._left -= min(len(value), TEXT_CHARS) + 3
            return cut(value, self._redact)
        if not isinstance(value, dict | list):
            self._left -= 8
            return value
        if depth == MOST_DEPTH:
            self._left -= 3
            return "…"
        return self._mapping(value, depth + 1) if isinstance(value, dict) else self._list(value, depth + 1)

    def _mapping(self, mapping: dict[str, object], depth: int) -> dict[str, object]:
        out: dict[str, object] = {}
        essence = next((kept for name, kept in _ESSENCE.items() if isinstance(mapping.get(name), str)), None)
        for number, (name, value) in enumerate(mapping.items()):
            if self._left <= 0:
                out["…"] = f"{len(mapping) - number} more"
                break
            self._left -= min(len(name), TEXT_CHARS) + 4
            if value is None or value in ("", [], {}) or (essence and depth > 1 and name not in essence):
                continue
            if name in _NOISE or (name.endswith("_url") and name not in _KEPT_URLS):
                continue
            out[cut(name, self._redact)] = self.of(value, depth)
        return out

    def _list(self, items: list[object], depth: int) -> list[object]:
        out: list[object] = []
        for number, item in enumerate(items):
            if number == MOST_ITEMS or self._left <= 0:
                out.append(f"… {len(items) - number} more")
                break
            out.append(self.of(item, depth))
        return out
