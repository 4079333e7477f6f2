"""Reading YAML strictly, with places: mappings whose keys are known, and every mistake with its line and column.

Works on PyYAML's node graph (yaml.compose), never on constructed objects, because only nodes know where they stand.
rules/load.py and config/load.py say what their files may hold; nothing here knows about either.
"""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import yaml

from whodid.model.clock import parse_duration

_MERGE = "tag:yaml.org,2002:merge"


@dataclass(frozen=True, slots=True, order=True)
class Mistake:
    """One thing wrong in a file. Lines and columns count from 1."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


@dataclass(slots=True)
class Document:
    """One YAML file being read: its root node and the mistakes found so far."""

    file: str
    root: yaml.Node | None = None
    mistakes: list[Mistake] = field(default_factory=list)
    origins: dict[int, str] = field(default_factory=dict)
    """Nodes (by id) that come from elsewhere, such as an environment variable, with the name of that place."""

    def wrong(self, node: yaml.Node, message: str) -> None:
        file, place = self.origins.get(id(node), self.file), node.start_mark
        self.mistakes.append(Mistake(file, place.line + 1, place.column + 1, message))

    def came_from(self, node: yaml.Node, place: str) -> None:
        """Notes where a node and all below it come from."""
        if id(node) in self.origins:
            return  # an alias, perhaps of a node that it stands in
        self.origins[id(node)] = place
        if isinstance(node, yaml.MappingNode):
            for pair in node.value:
                for part in pair:
                    self.came_from(part, place)
        elif isinstance(node, yaml.SequenceNode):
            for item in node.value:
                self.came_from(item, place)


def compose(text: str, file: str) -> Document:
    """The document of a text. A text that is no YAML at all has one mistake and no root."""
    document = Document(file)
    try:
        document.root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        document.mistakes.append(Mistake(file, line, column, f"not valid YAML: {error.problem or error.context}"))
    except yaml.YAMLError as error:
        document.mistakes.append(Mistake(file, 1, 1, f"not valid YAML: {error}".replace("\n", " ")))
    return document


class Fields:
    """One mapping of a document, read key by key. Each reader reports what it cannot take and returns the default."""

    def __init__(self, document: Document, node: yaml.Node, what: str, known: Sequence[str]) -> None:
        self.document = document
        self.node = node
        self._values: dict[str, yaml.Node] = {}
        if not isinstance(node, yaml.MappingNode):
            document.wrong(node, f"{what} must be a mapping with keys such as {', '.join(known[:3])}")
            return
        for key, value in pairs(node):
            name = key.value if isinstance(key, yaml.ScalarNode) else "?"
            if name not in known:
                document.wrong(key, f"unknown key {name!r} in {what}; {_suggest(name, known)}")
            elif name in self._values:
                document.wrong(key, f"key {name!r} is given twice in {what}")
            else:
                self._values[name] = value

    def wrong(self, name: str, message: str) -> None:
        """A mistake at the value of a key, or at the mapping where the key is missing."""
        self.document.wrong(self._values.get(name, self.node), message)

    def has(self, name: str) -> bool:
        return name in self._values and not is_null(self._values[name])

    def text(self, name: str, default: str = "") -> str:
        value = self._values.get(name)
        if value is None or is_null(value):
            return default
        if not isinstance(value, yaml.ScalarNode):
            self.wrong(name, f"{name} must be a text")
            return default
        return str(value.value)

    def duration_ns(self, name: str, default: int = 0) -> int:
        if not self.has(name):
            return default
        try:
            return parse_duration(self.text(name))
        except ValueError as error:
            self.wrong(name, f"{name}: {error}; write for example 30s, 5m or 1h30m")
            return default

    def whole(self, name: str, default: int = 0) -> int:
        text = self.text(name, str(default))
        if not text.isascii() or not text.isdigit():
            self.wrong(name, f"{name} must be a whole number, not {text!r}")
            return default
        return int(text)

    def number(self, name: str) -> float | None:
        if not self.has(name):
            return None
        try:
            return float(self.text(name))
        except ValueError:
            self.wrong(name, f"{name} must be a number, not {self.text(name)!r}")
            return None

    def flag(self, name: str) -> bool | None:
        if not self.has(name):
            return None
        text = self.text(name).lower()
        if text not in ("true", "false"):
            self.wrong(name, f"{name} must be true or false")
            return None
        return text == "true"

    def texts(self, name: str) -> dict[str, tuple[str, yaml.Node]]:
        """A mapping of texts, each with the node of its key. Numbers and booleans are taken as they are written."""
        value = self._values.get(name)
        if value is None or is_null(value):
            return {}
        if not isinstance(value, yaml.MappingNode):
            self.wrong(name, f"{name} must be a mapping of names to texts")
            return {}
        out: dict[str, tuple[str, yaml.Node]] = {}
        for key, item in pairs(value):
            if not isinstance(key, yaml.ScalarNode) or not isinstance(item, yaml.ScalarNode):
                self.document.wrong(item, f"{name}: each value must be a text")
            elif key.value in out:
                self.document.wrong(key, f"{name}: {key.value!r} is given twice")
            else:
                out[key.value] = ("" if is_null(item) else str(item.value), key)
        return out

    def section(self, name: str, known: Sequence[str]) -> "Fields":
        """A mapping below this one; an empty one where the key is missing."""
        value = self._values.get(name)
        if value is None or is_null(value):
            mark = self.node.start_mark
            value = yaml.MappingNode("tag:yaml.org,2002:map", [], mark, mark)
        return Fields(self.document, value, name, known)

    def members(self, name: str) -> list[tuple[str, yaml.Node]]:
        """The named nodes of a mapping whose keys are free."""
        value = self._values.get(name)
        if value is None or is_null(value):
            return []
        if not isinstance(value, yaml.MappingNode):
            self.wrong(name, f"{name} must be a mapping")
            return []
        out: dict[str, yaml.Node] = {}
        for key, item in pairs(value):
            if not isinstance(key, yaml.ScalarNode) or not key.value:
                self.document.wrong(key, f"{name}: each key must be a name")
            elif key.value in out:
                self.document.wrong(key, f"{name}: {key.value!r} is given twice")
            else:
                out[key.value] = item
        return list(out.items())

    def strings(self, name: str) -> list[str]:
        """A list of texts."""
        out = []
        for node in self.items(name):
            if isinstance(node, yaml.ScalarNode) and not is_null(node):
                out.append(str(node.value))
            else:
                self.document.wrong(node, f"{name}: each item must be a text")
        return out

    def items(self, name: str) -> list[yaml.Node]:
        """The nodes of a list."""
        value = self._values.get(name)
        if value is None or is_null(value):
            return []
        if not isinstance(value, yaml.SequenceNode):
            self.wrong(name, f"{name} must be a list")
            return []
        return list(value.value)


def plain(texts: Mapping[str, tuple[str, yaml.Node]]) -> dict[str, str]:
    """The texts without their nodes."""
    return {name: text for name, (text, _) in texts.items()}


def pairs(node: yaml.MappingNode) -> list[tuple[yaml.Node, yaml.Node]]:
    """The keys and values of a mapping; what a merge key (`<<: *base`) brings comes last and never overrides."""
    own = [(key, value) for key, value in node.value if key.tag != _MERGE]
    names = {_name(key) for key, _ in own}
    bases: list[yaml.Node] = []
    for key, value in node.value:
        if key.tag == _MERGE:
            bases += value.value if isinstance(value, yaml.SequenceNode) else [value]
    for base in bases:
        if isinstance(base, yaml.MappingNode) and base is not node:
            fresh = [(key, value) for key, value in base.value if key.tag != _MERGE and _name(key) not in names]
            names |= {_name(key) for key, _ in fresh}
            own += fresh
    return own


def _name(key: yaml.Node) -> str:
    """A key that is a list or a mapping has no name; whoever reads it says so."""
    return str(key.value) if isinstance(key, yaml.ScalarNode) else ""


def is_null(node: yaml.Node) -> bool:
    return str(node.tag) == "tag:yaml.org,2002:null"


def _suggest(name: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"did you mean {close[0]!r}?" if close else f"known keys: {', '.join(known)}"
