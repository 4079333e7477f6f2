"""`relabel_configs`: rules over the labels of a target, before its lines are read. Pure: labels in, labels out.

Expressions are RE2, match the whole value, and `.` matches a line break. Names beginning with `__` are for the rules;
`public` takes them away in the end. Source: Prometheus' manual, "relabel_config", and Prometheus' behaviour.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from whodid.promtail.errors import PipelineError
from whodid.promtail.go_values import is_utf8
from whodid.promtail.patterns import Pattern
from whodid.promtail.settings import compiled, kind
from whodid.templates.texts import lower, upper

_KEYS: Final = ("source_labels", "separator", "regex", "modulus", "target_label", "replacement", "action")
_WITH_TARGET: Final = ("replace", "hashmod", "lowercase", "uppercase", "keepequal", "dropequal")
_ACTIONS: Final = ("replace", "keep", "drop", "hashmod", "labelmap", "labeldrop", "labelkeep", *_WITH_TARGET[2:])
_ALL: Final = "(.*)"
Rule = Callable[[dict[str, str]], bool]
"""Alters the labels; False: the target is dropped."""


class Relabel:
    """The rules of one `relabel_configs`."""

    def __init__(self, rules: Sequence[object], place: str = "relabel_configs") -> None:
        """Raises PipelineError."""
        self._rules = [_Given(rule, f"{place}[{n}]").rule() for n, rule in enumerate(rules)]

    def apply(self, labels: Mapping[str, str]) -> dict[str, str] | None:
        """The labels as the rules leave them, those beginning with `__` among them; None: the target is dropped."""
        out = {name: value for name, value in labels.items() if value}
        return out if all(rule(out) for rule in self._rules) else None


def public(labels: Mapping[str, str]) -> dict[str, str]:
    """Without the labels that were for the rules only."""
    return {name: value for name, value in labels.items() if not name.startswith("__")}


class _Given:
    """One rule as it is written."""

    def __init__(self, given: object, place: str) -> None:
        if not isinstance(given, Mapping):
            raise PipelineError(place, f"must be a mapping, not {kind(given)}")
        unknown = [str(key) for key in given if key not in _KEYS]
        if unknown:
            raise PipelineError(place, f"there is no key {unknown[0]!r}; known keys: {', '.join(_KEYS)}")
        self.place, self._given = place, given
        self.action = self._text("action", "replace").lower()
        self.separator, self.regex = self._text("separator", ";"), self._text("regex", _ALL)
        self.target, self.replacement = self._text("target_label", ""), self._text("replacement", "$1")
        self.sources, self.modulus = self._sources(), self._modulus()
        self.pattern = self._pattern()

    def rule(self) -> Rule:
        """What it does. Raises PipelineError."""
        self._check()
        match self.action:
            case "keep" | "drop":
                return self._choice(self.pattern.test, keeps=self.action == "keep")
            case "keepequal" | "dropequal":
                return self._equal(keeps=self.action == "keepequal")
            case "replace":
                return self._replace()
            case "labelmap":
                return self._labelmap()
            case "labeldrop" | "labelkeep":
                return self._labels(keeps=self.action == "labelkeep")
            case _:
                return self._made({"lowercase": lower, "uppercase": upper}.get(self.action, self._hash))

    def _check(self) -> None:
        if self.action not in _ACTIONS:
            raise self._wrong("action", f"must be one of {', '.join(_ACTIONS)}, not {self.action!r}")
        if self.action in _WITH_TARGET and not (self.target and is_utf8(self.target)):
            raise self._wrong("target_label", f"{self.action} needs a target_label, the label that it works on")
        if self.action == "hashmod" and not self.modulus:
            raise self._wrong("modulus", "hashmod needs a modulus above 0")
        if self.action == "labelmap" and not self.replacement:
            raise self._wrong("replacement", "labelmap needs a replacement, the name of the new label")
        allowed = {
            "labeldrop": ("regex",),
            "labelkeep": ("regex",),
            "keepequal": ("source_labels", "target_label"),
            "dropequal": ("source_labels", "target_label"),
            "lowercase": tuple(key for key in _KEYS if key != "replacement"),
            "uppercase": tuple(key for key in _KEYS if key != "replacement"),
        }.get(self.action, _KEYS)
        usual = {"separator": ";", "regex": _ALL, "replacement": "$1", "modulus": 0, "target_label": ""}
        for key in self._given:
            if key not in (*allowed, "action") and self._given[key] not in (None, usual.get(key)):
                raise self._wrong(key, f"{self.action} takes only {', '.join(allowed)}")

    def _value(self, labels: Mapping[str, str]) -> str:
        return self.separator.join([labels.get(name, "") for name in self.sources])

    def _choice(self, test: Callable[[str], bool], *, keeps: bool) -> Rule:
        return lambda labels: test(self._value(labels)) is keeps

    def _equal(self, *, keeps: bool) -> Rule:
        return lambda labels: (labels.get(self.target, "") == self._value(labels)) is keeps

    def _made(self, make: Callable[[str], str]) -> Rule:
        def rule(labels: dict[str, str]) -> bool:
            _put(labels, self.target, make(self._value(labels)))
            return True

        return rule

    def _hash(self, value: str) -> str:
        digest = hashlib.md5(value.encode("utf-8", "replace"), usedforsecurity=False).digest()
        return str(int.from_bytes(digest[8:], "big") % self.modulus)

    def _replace(self) -> Rule:
        expand = self.pattern.expander(self.target, self.replacement)

        def rule(labels: dict[str, str]) -> bool:
            made = expand(self._value(labels))
            if made is not None and made[0]:
                _put(labels, *made)
            return True

        return rule

    def _labelmap(self) -> Rule:
        expand = self.pattern.expander(self.replacement)

        def rule(labels: dict[str, str]) -> bool:
            for name, value in sorted(labels.items()):
                made = expand(name)
                if made is not None:
                    _put(labels, made[0], value)
            return True

        return rule

    def _labels(self, *, keeps: bool) -> Rule:
        test = self.pattern.test

        def rule(labels: dict[str, str]) -> bool:
            for name in [name for name in labels if test(name) is not keeps]:
                del labels[name]
            return True

        return rule

    def _text(self, key: str, default: str) -> str:
        value = self._given.get(key, default)
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, int | float):
            return str(value)  # YAML's scalars are texts where Prometheus wants one
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self._wrong(key, f"must be a text, not {kind(value)}")
        return value

    def _sources(self) -> list[str]:
        value = self._given.get("source_labels") or []
        if not isinstance(value, Sequence) or isinstance(value, str):
            raise self._wrong("source_labels", f"must be a list of labels, such as [__path__], not {kind(value)}")
        if not all(isinstance(name, str) and name for name in value):
            raise self._wrong("source_labels", "each must be the name of a label")
        return list(value)

    def _modulus(self) -> int:
        value = self._given.get("modulus") or 0
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self._wrong("modulus", f"must be a whole number above 0, not {kind(value)}")
        return value

    def _pattern(self) -> Pattern:
        compiled(self.regex, f"{self.place}.regex")  # the error should name what the user wrote
        return Pattern(f"^(?s:{self.regex})$")

    def _wrong(self, key: str, message: str) -> PipelineError:
        return PipelineError(f"{self.place}.{key}", message)


def _put(labels: dict[str, str], name: str, value: str) -> None:
    """An empty value takes the label away."""
    if value:
        labels[name] = value
    else:
        labels.pop(name, None)
