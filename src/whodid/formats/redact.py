"""Masks secrets before a record is stored: what a log should never have told never leaves the host.

A secret becomes `<redacted:password:1f3a9c02e7>`: its kind, and a hash of it under the host's key, so that equal
secrets can be seen to be equal. What secrets look like: redact_rules.py; where each ends: redact_values.py; the user's
own patterns come in as a parameter. The agent makes one `Redactor` for the host (agent/redaction.py) and every format
passes each text of a record through it.

Who does not have the key learns from a mark that two secrets are equal, and nothing else: BLAKE2b under a key of 32
random bytes cannot be inverted or tried out. Who has the key can try out guesses, and will find a password that is
short or common; so the key never leaves the host. Forty bits are few enough that such a guess stays a guess (one of
10¹² others fits too) and enough that among 10,000 secrets two unequal ones look equal once in 20,000 trails.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from itertools import accumulate, islice
from typing import Final

import orjson
import re2

from whodid.formats.redact_custom import UserRule
from whodid.formats.redact_rules import RULES, Rule
from whodid.formats.redact_values import Secret

MARK: Final = re.compile(r"<redacted:[a-z][a-z0-9_]{0,39}(?::[0-9a-f]{10})?>")
_OPENING: Final = "<redacted:"
_LONGEST_MARK: Final = 64
_MOST_SECRETS: Final = 64
"""So many of one record are looked for in its attributes."""
_SAID_BY_FORMATS: Final = frozenset(("operation", "outcome", "severity", "trust", "trust_why"))
_KNOWN_OF_SESSIONS: Final = frozenset(("client", "port", "pid", "session", "line_no"))
_ADDRESS: Final = re.compile(r"[0-9A-Fa-f.:]*|\[local\]")
"""What a format says itself, or knows of the session, though the same word may stand in the record as a secret."""
_HASH_BYTES: Final = 5
_MEMBER: Final = re.compile(r'"((?:[^"\\]++|\\.)*+)"(?:(\s*+:\s*+)(-?[0-9][0-9.eE+-]*+)?)?')
"""A string of a JSON text, whether it is a name, and a number that is its value."""
_MOST_NESTED: Final = 4
"""JSON inside of strings of JSON; deeper it is read as any text."""


class Redactor:
    """Masks the secrets in texts. Pure: the same text and the same key give the same marks."""

    __slots__ = ("_hints", "_key", "_left_out", "_rules", "_user_rules")

    def __init__(self, key: bytes = b"", user_rules: Iterable[UserRule] = (), disabled: Iterable[str] = ()) -> None:
        """Without a key the marks have no hash. `disabled`: kinds that are left as they are."""
        self._key = key[:64]
        self._left_out = frozenset(disabled)
        self._user_rules = tuple(user_rules)
        self._rules = tuple(rule for rule in RULES if rule.kind not in self._left_out)
        self._hints = (*_hints(self._rules), *(rule.pattern for rule in self._user_rules))

    def __call__(self, text: str) -> str:
        """The text with its secrets masked; the very same object where there are none, which is nearly always."""
        if not self.suspects(text):
            return text
        masked = self._mask(text, _MOST_NESTED, {})
        return text if masked == text else masked

    def attributes(self, record: str, line: str, values: Mapping[str, str]) -> dict[str, str]:
        """What was read out of a record, masked, where `line` is the record masked.

        Each by itself, so that a name that looks like the beginning of a secret does not take the address behind it
        along. And where what told that it is a secret was cut off (`Authorization: ` stands before the attribute):
        what the line shows no more, the attribute does not show either. What the line does show is left: else a client
        could have its own name masked by giving it as a password in another.
        """
        if line is record:
            return dict(values)
        found: dict[str, str] = {}
        self._mask(record, _MOST_NESTED, found)
        return {
            name: self(value if value in line or _is_known(name, value) else _without(value, record, found))
            for name, value in values.items()
        }

    def member(self, name: str, value: str) -> str:
        """A value, masked, that stands beside its name: that may tell that it is a secret."""
        text = orjson.dumps({name: value}).decode()
        masked = self(text)
        return value if masked is text else str(next(iter(orjson.loads(masked).values())))

    def whole(self, kind: str, value: str) -> str:
        """The mark for a text that is a secret as a whole, as its place tells; not if its kind is left as it is."""
        return value if kind in self._left_out or MARK.fullmatch(value) else self._mark(kind, value)

    def suspects(self, text: str) -> bool:
        """Whether it takes a closer look."""
        raw = text.encode("utf-8", "replace")
        for hint in self._hints:  # noqa: SIM110  (this is on the way of every line, and a generator is dear)
            if hint.search(raw) is not None:
                return True
        return False

    def suspicious(self, texts: Sequence[str]) -> list[int]:
        """Which of many texts take a closer look. They are searched as one, so that it costs next to nothing."""
        raw, found = "\n".join(texts).encode("utf-8", "replace"), set[int]()
        ends: list[int] | None = None
        for hint in self._hints:
            match = hint.search(raw)
            if match is not None and ends is None:
                ends = list(accumulate(len(text.encode("utf-8", "replace")) + 1 for text in texts))
            while match is not None and ends is not None:
                index = bisect_right(ends, match.start())
                found.add(index)
                match = hint.search(raw, ends[index]) if index + 1 < len(ends) else None
        return sorted(found)

    def _mask(self, text: str, levels: int, found: dict[str, str]) -> str:
        """`found` gets each secret with its mark."""
        if levels and text[:1] in ("{", "[") and _is_json(text):
            return self._mask_json(text, levels, found)
        for user_rule in self._user_rules:
            text = self._replace(text, user_rule.kind, user_rule.secrets(text), found)
        folded = text.lower()
        for rule in self._rules:
            if any(needle in folded for needle in rule.needles):
                text = self._replace(text, rule.kind, rule.secrets(text), found)
        return text

    def _mask_json(self, text: str, levels: int, found: dict[str, str]) -> str:
        """Each string of a JSON text by itself, so that it stays JSON and no escape hides a secret."""
        pieces, at, name = list[str](), 0, ""
        for match in _MEMBER.finditer(text):
            is_name = match[2] is not None
            value = _decoded(match[1])
            if is_name:
                masked = self._mask(value, levels - 1, found)
            else:
                masked = self._mask_member(name, value, levels - 1, found)
            if masked != value:
                pieces += (text[at : match.start()], orjson.dumps(masked).decode())
                at = match.end(1) + 1
            if is_name:
                name = value
                if match[3] and (rule := self._rule_of(name)) is not None and rule.kind == "password":
                    pieces += (text[at : match.start(3)], f'"{self._mark(rule.kind, match[3])}"')
                    at = match.end(3)
        return "".join((*pieces, text[at:]))

    def _mask_member(self, name: str, value: str, levels: int, found: dict[str, str]) -> str:
        """The value of a JSON member; its name may tell that it is a secret."""
        rule = self._rule_of(name)
        if rule is None or not value or MARK.fullmatch(value):
            return self._mask(value, levels, found)
        secrets = rule.inside(value, 0) if rule.inside else (Secret(0, len(value), value),)
        return self._replace(value, rule.kind, secrets, found)

    def _rule_of(self, name: str) -> Rule | None:
        return next((rule for rule in self._rules if rule.key is not None and rule.key.fullmatch(name)), None)

    def _replace(self, text: str, kind: str, secrets: Iterable[Secret], found: dict[str, str]) -> str:
        pieces, at = list[str](), 0
        for start, end, value in secrets:
            if start < at or start == end or _in_a_mark(text, start, end):
                continue
            mark = found[text[start:end]] = self._mark(kind, value)
            pieces += (text[at:start], mark)
            at = end
        return "".join((*pieces, text[at:])) if pieces else text

    def _mark(self, kind: str, value: str) -> str:
        if not self._key:
            return f"{_OPENING}{kind}>"
        raw = value.encode("utf-8", "surrogatepass")
        return f"{_OPENING}{kind}:{blake2b(raw, digest_size=_HASH_BYTES, key=self._key).hexdigest()}>"


def _hints(rules: Sequence[Rule]) -> tuple["re2._Regexp[bytes]", ...]:
    """One search for all that a text with a secret must hold, in time that does not depend on how much that is."""
    if not rules:
        return ()
    options = re2.Options()
    options.case_sensitive, options.never_capture = False, True
    pattern = "|".join(f"(?:{'|'.join(map(re2.escape, rule.needles))}){rule.behind}" for rule in rules)
    return (re2.compile(pattern.encode(), options),)


def _is_known(name: str, value: str) -> bool:
    return name in _SAID_BY_FORMATS or (name in _KNOWN_OF_SESSIONS and _ADDRESS.fullmatch(value) is not None)


def _without(value: str, record: str, found: Mapping[str, str]) -> str:
    """A piece of a record without the secrets that were found there; what is a part of one becomes its mark. SQL makes
    small letters of a name, so those count as the same."""
    folded = value.lower()
    if not found or folded not in record.lower():
        return value
    marks = {secret.lower(): mark for secret, mark in islice(found.items(), _MOST_SECRETS)}
    secrets = sorted(marks, key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, secrets)), re.IGNORECASE)
    masked = pattern.sub(lambda match: marks.get(match[0].lower(), marks[secrets[0]]), value)
    if masked != value:
        return masked
    return next((marks[secret] for secret in secrets if folded in secret), marks[secrets[0]])


def _in_a_mark(text: str, start: int, end: int) -> bool:
    """Whether this piece of a text is a mark, or lies in one: what is masked is not masked again."""
    at = text.rfind(_OPENING, max(0, start - _LONGEST_MARK), start + len(_OPENING))
    mark = MARK.match(text, at) if at >= 0 else None
    return mark is not None and end <= mark.end() and start < mark.end()


def _is_json(text: str) -> bool:
    try:
        orjson.loads(text)
    except ValueError:  # a lone surrogate, too
        return False
    return True


def _decoded(raw: str) -> str:
    return str(orjson.loads(f'"{raw}"')) if "\\" in raw else raw
