"""Rule files to rules: the YAML of Prometheus and Loki, read strictly, with all mistakes at once and their places.

A file holds `groups:` and, whodid's own, `tests:` beside them or inside a rule:

    tests:
      - name: a truncate fires        # what the test shows
        rule: DatabaseTruncateOperation   # only beside groups; inside a rule it is that rule
        lines:
          - {labels: {job: database}, metadata: {operation: TRUNCATE}, line: "…", offset: 10s, repeat: 3, every: 1s}
        at: 5m                        # when to judge; default: the instant of the last line
        fires:                        # as many alerts as listed, no more; [] means silence
          - {labels: {user: raz}, annotations: {summary: "…"}, value: 3}

Format: Prometheus' "recording/alerting rules" pages and rulefmt. Called by config/ and `whodid rules`.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import yaml

from whodid.document import Document, Fields, Mistake, compose, plain
from whodid.errors import WhodidError
from whodid.logql.ast import Expr, LogQuery
from whodid.model.clock import SECOND
from whodid.model.labels import LABEL_NAME
from whodid.rules import template
from whodid.rules.rule import Expectation, Rule, RuleGroup, RuleTest, SampleLine

Parse = Callable[[str], Expr]
BUILTIN = "builtin"
"""The word in `rules:` that stands for the shipped file."""
DEFAULT_INTERVAL_NS = 60 * SECOND
_METRIC_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_FILE_KEYS = ("groups", "tests")
_GROUP_KEYS = ("name", "interval", "query_offset", "limit", "labels", "rules")
_RULE_KEYS = (
    "alert",
    "expr",
    "for",
    "keep_firing_for",
    "labels",
    "annotations",
    "record",
    "instant",
    "tests",
)
_TEST_KEYS = ("name", "rule", "lines", "at", "fires")
_LINE_KEYS = ("labels", "metadata", "line", "offset", "repeat", "every")
_FIRES_KEYS = ("labels", "annotations", "value")


@dataclass(frozen=True, slots=True)
class Loaded:
    """What one or more files said. With mistakes, the groups hold what could be read nevertheless."""

    groups: tuple[RuleGroup, ...] = ()
    tests: tuple[RuleTest, ...] = ()
    mistakes: tuple[Mistake, ...] = ()

    def checked(self) -> "Loaded":
        """Itself if there is no mistake; raises RuleFileError with all of them otherwise."""
        if self.mistakes:
            raise RuleFileError(self.mistakes)
        return self


class RuleFileError(WhodidError):
    """Rule files have mistakes; the text lists each with file, line and column."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__("\n".join(str(mistake) for mistake in mistakes))
        self.mistakes = tuple(mistakes)


def load_rules(patterns: Sequence[str], parse: Parse, default_interval_ns: int = DEFAULT_INTERVAL_NS) -> Loaded:
    """The rules of `rules:` in whodid.yml: `builtin`, paths and globs, each file once."""
    found: dict[str, str] = {}
    mistakes: list[Mistake] = []
    for pattern in patterns:
        if pattern == BUILTIN:
            found["builtin/whodid.yml"] = builtin_text()
            continue
        paths = [path for path in _expand(pattern) if path.is_file()]
        if not paths:
            mistakes.append(Mistake(pattern, 1, 1, "no rule file matches; write a path, a glob or 'builtin'"))
        for path in paths:
            try:
                found[str(path)] = path.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                mistakes.append(Mistake(str(path), 1, 1, f"cannot be read: {error}"))
    parts = [load_text(text, file, parse, default_interval_ns) for file, text in found.items()]
    return Loaded(
        tuple(group for part in parts for group in part.groups),
        tuple(test for part in parts for test in part.tests),
        (*mistakes, *(mistake for part in parts for mistake in part.mistakes)),
    )


def builtin_text() -> str:
    """The shipped rule file."""
    return resources.files("whodid.rules").joinpath("builtin", "whodid.yml").read_text(encoding="utf-8")


def load_text(text: str, file: str, parse: Parse, default_interval_ns: int = DEFAULT_INTERVAL_NS) -> Loaded:
    """The groups and tests of one file's text; `file` is its name in messages."""
    document = compose(text, file)
    if document.root is None:
        return Loaded(mistakes=tuple(document.mistakes))
    fields = Fields(document, document.root, "a rule file", _FILE_KEYS)
    reader = _Reader(document, parse, default_interval_ns)
    groups = tuple(reader.groups(fields))
    tests = [reader.test(node, None) for node in fields.items("tests")]
    return Loaded(groups, (*reader.inner_tests, *tests), tuple(sorted(document.mistakes)))


def _expand(pattern: str) -> Iterator[Path]:
    path = Path(pattern)
    if not any(c in pattern for c in "*?["):
        return iter([path])
    root = Path(path.anchor) if path.is_absolute() else Path()
    return iter(sorted(root.glob(str(path.relative_to(path.anchor)) if path.is_absolute() else pattern)))


class _Reader:
    """Turns the nodes of one document into rules; mistakes go to the document."""

    def __init__(self, document: Document, parse: Parse, default_interval_ns: int) -> None:
        self.document = document
        self.parse = parse
        self.default_interval_ns = default_interval_ns
        self.inner_tests: list[RuleTest] = []
        self.alerts: set[str] = set()
        """Names of the alerts met, well-formed or not."""
        self._keys: dict[str, int] = {}

    def groups(self, fields: Fields) -> Iterator[RuleGroup]:
        seen: set[str] = set()
        for node in fields.items("groups"):
            group = Fields(self.document, node, "a group", _GROUP_KEYS)
            name = group.text("name")
            if not name:
                group.wrong("name", "a group needs a name")
            elif name in seen:
                group.wrong("name", f"group {name!r} is defined twice in this file")
            seen.add(name)
            interval_ns = group.duration_ns("interval", self.default_interval_ns) or self.default_interval_ns
            shared = self._labels(group)
            rules = [self._rule(rule, name, shared) for rule in group.items("rules")]
            yield RuleGroup(
                name=name,
                file=self.document.file,
                interval_ns=interval_ns,
                query_offset_ns=group.duration_ns("query_offset"),
                limit=group.whole("limit"),
                rules=tuple(rule for rule in rules if rule is not None),
            )

    def _rule(self, node: yaml.Node, group: str, shared: dict[str, str]) -> Rule | None:
        fields = Fields(self.document, node, "a rule", _RULE_KEYS)
        before = len(self.document.mistakes)
        name = self._name(fields)
        parsed = self._expression(fields)
        instant = fields.flag("instant")
        for_ns, keep_ns = fields.duration_ns("for"), fields.duration_ns("keep_firing_for")
        labels, annotations = self._labels(fields), self._templates(fields, "annotations")
        if fields.has("record"):
            self._check_record(fields, parsed)
        elif isinstance(parsed, LogQuery):
            self._check_per_line(fields, instant)
        self.inner_tests += [self.test(item, name) for item in fields.items("tests")]
        if parsed is None or len(self.document.mistakes) > before:
            return None
        return Rule(
            name=name,
            kind="record" if fields.has("record") else "alert",
            group=group,
            key=self._key(group, name),
            expr=fields.text("expr"),
            parsed=parsed,
            for_ns=for_ns,
            keep_firing_for_ns=keep_ns,
            labels={**shared, **labels},
            annotations=annotations,
            instant=bool(instant) or isinstance(parsed, LogQuery),
            file=self.document.file,
            line=node.start_mark.line + 1,
        )

    def _name(self, fields: Fields) -> str:
        alert, record = fields.text("alert"), fields.text("record")
        if alert and record:
            fields.wrong("record", "a rule is either an alert or a record, not both")
        elif not alert and not record:
            fields.wrong("alert", "a rule needs 'alert' (its name) or 'record' (the series it makes)")
        elif record and not _METRIC_NAME.fullmatch(record):
            fields.wrong("record", f"{record!r} is not a valid name for a recorded series")
        if alert:
            self.alerts.add(alert)
        return alert or record

    def _expression(self, fields: Fields) -> Expr | None:
        if not fields.text("expr").strip():
            fields.wrong("expr", "a rule needs 'expr', a LogQL expression")
            return None
        try:
            return self.parse(fields.text("expr"))
        except WhodidError as error:
            fields.wrong("expr", f"expr: {error}")
            return None

    def _check_record(self, fields: Fields, parsed: Expr | None) -> None:
        for name in ("for", "keep_firing_for", "annotations", "tests"):
            if fields.has(name):
                fields.wrong(name, f"{name!r} has no meaning in a recording rule")
        if isinstance(parsed, LogQuery):
            fields.wrong("expr", "a recording rule needs a metric expression such as count_over_time({…}[5m])")

    def _check_per_line(self, fields: Fields, instant: bool | None) -> None:
        if instant is False:
            fields.wrong("instant", "a log query alerts on each line and is always instant; leave 'instant' out")
        if fields.has("for"):
            fields.wrong("for", "a log query alerts on each line at once; 'for' needs a metric expression")

    def _labels(self, fields: Fields) -> dict[str, str]:
        for name, (_, node) in fields.texts("labels").items():
            if not LABEL_NAME.fullmatch(name) or name == "__name__":
                self.document.wrong(node, f"{name!r} is not a valid label name")
            elif name == "alertname":
                self.document.wrong(node, "the label 'alertname' is the rule's name and cannot be set")
        return self._templates(fields, "labels")

    def _templates(self, fields: Fields, key: str) -> dict[str, str]:
        texts = fields.texts(key)
        for name, (text, node) in texts.items():
            fault = template.check(text)
            if fault:
                self.document.wrong(node, f"{key}: {name}: {fault}")
        return plain(texts)

    def _key(self, group: str, name: str) -> str:
        key = f"{self.document.file};{group};{name}"
        self._keys[key] = self._keys.get(key, 0) + 1
        return key if self._keys[key] == 1 else f"{key}#{self._keys[key]}"

    def test(self, node: yaml.Node, rule: str | None) -> RuleTest:
        """One test; `rule` is given when it stands inside a rule."""
        keys = _TEST_KEYS if rule is None else tuple(key for key in _TEST_KEYS if key != "rule")
        fields = Fields(self.document, node, "a test", keys)
        name = rule if rule is not None else fields.text("rule")
        if rule is None and name not in self.alerts:
            fields.wrong("rule", f"a test names the alert it tests; there is no alert {name!r} in this file")
        if not fields.has("fires"):
            fields.wrong("fires", "a test says what fires; 'fires: []' means nothing may")
        return RuleTest(
            name=fields.text("name", name),
            rule=name,
            lines=tuple(self._sample(item) for item in fields.items("lines")),
            at_ns=fields.duration_ns("at") if fields.has("at") else None,
            fires=tuple(self._expectation(item) for item in fields.items("fires")),
            file=self.document.file,
            line=node.start_mark.line + 1,
        )

    def _sample(self, node: yaml.Node) -> SampleLine:
        fields = Fields(self.document, node, "a line of a test", _LINE_KEYS)
        labels = plain(fields.texts("labels"))
        if not labels:
            fields.wrong("labels", "a line of a test needs labels, for example {job: database}")
        return SampleLine(
            labels=labels,
            metadata=plain(fields.texts("metadata")),
            line=fields.text("line"),
            offset_ns=fields.duration_ns("offset"),
            repeat=fields.whole("repeat", 1),
            every_ns=fields.duration_ns("every"),
        )

    def _expectation(self, node: yaml.Node) -> Expectation:
        fields = Fields(self.document, node, "an alert of 'fires'", _FIRES_KEYS)
        return Expectation(plain(fields.texts("labels")), plain(fields.texts("annotations")), fields.number("value"))
