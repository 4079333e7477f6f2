"""What WHODID_… variables say, put into the configuration's tree in the place of what the file says.

Every key has one: `server.listen` is WHODID_SERVER_LISTEN; its value is read as YAML, so lists and mappings work too. A
variable that no key has is a mistake, for whoever set it believes in it. Called by load.py.
"""

import difflib
import re
from collections.abc import Mapping

import yaml

from whodid.document import Document, Mistake, compose

KEYS: dict[str, tuple[str, ...]] = {
    "": (
        "data_dir",
        "server",
        "dashboard",
        "store",
        "retention",
        "limits",
        "auth",
        "rules",
        "notify",
        "people",
        "webhooks",
        "agent",
    ),
    "server": ("listen",),
    "dashboard": ("listen",),
    "store": ("url", "memory_bytes"),
    "retention": ("period", "max_bytes", "max_disk_percent"),
    "limits": (
        "max_entries_limit_per_query",
        "max_query_length",
        "max_query_series",
        "max_streams_matchers_per_query",
        "query_timeout",
        "query_memory_bytes",
        "volume_max_series",
    ),
    "auth": ("tokens_file",),
    "webhooks": ("github", "deploy"),
    "webhooks.github": ("secret_file", "deploy_workflows"),
    "webhooks.deploy": ("secret_file",),
    "agent": (
        "server",
        "host",
        "token_file",
        "tenant",
        "redact",
        "sources",
        "promtail_config",
        "promtail_expand_env",
        "promtail_positions",
    ),
}
"""Every key, by section. Each has the override WHODID_<SECTION>_<KEY>; a section within one is named with a dot."""
OTHERS = ("WHODID_AGENT_TOKEN", "WHODID_CONFIG", "WHODID_LOG_LEVEL", "WHODID_SERVER", "WHODID_SKIP_UI")
"""Variables that are read elsewhere."""
_PREFIX = "WHODID_"
_KUBERNETES = re.compile(r"_(?:SERVICE_(?:HOST|PORT(?:_\w+)?)|PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_\w+)?)?)\Z")
"""How the names end that Kubernetes gives every container of a namespace with a service named `whodid…`."""


def variable(section: str, key: str) -> str:
    """The name of a key's variable."""
    return f"{_PREFIX}{section}_{key}".upper().replace(".", "_").replace("__", "_")


def is_section(section: str, key: str) -> bool:
    """Whether a key is a section itself; then it has no variable of its own."""
    return (f"{section}.{key}" if section else key) in KEYS


def override(document: Document, root: yaml.MappingNode, environment: Mapping[str, str]) -> None:
    """Puts the values of WHODID_… variables in the place of the file's."""
    for section, keys in KEYS.items():
        for key in keys:
            name = variable(section, key)
            if name not in environment or is_section(section, key):
                continue  # WHODID_SERVER is where the commands find the server
            value = compose(environment[name], f"environment variable {name}")
            document.mistakes += value.mistakes
            if value.root is not None:
                document.came_from(value.root, value.file)
                _put(_section(root, section), key, value.root)
    _tell_unknown(document, environment)


def _section(root: yaml.MappingNode, path: str) -> yaml.MappingNode:
    """The mapping of a section, made where it is missing."""
    if not path:
        return root
    outer, _, name = path.rpartition(".")
    root = _section(root, outer)
    for key, value in root.value:
        if key.value == name and isinstance(value, yaml.MappingNode):
            return value
    made = empty_mapping()
    _put(root, name, made)
    return made


def empty_mapping() -> yaml.MappingNode:
    """A mapping that stands in no file."""
    return yaml.MappingNode("tag:yaml.org,2002:map", [], _mark(), _mark())


def _put(mapping: yaml.MappingNode, key: str, value: yaml.Node) -> None:
    mapping.value[:] = [(k, v) for k, v in mapping.value if getattr(k, "value", None) != key]
    mapping.value.append((yaml.ScalarNode("tag:yaml.org,2002:str", key, _mark(), _mark()), value))


def _mark() -> yaml.Mark:
    return yaml.Mark("", 0, 0, 0, None, 0)


def _tell_unknown(document: Document, environment: Mapping[str, str]) -> None:
    known = {variable(section, key) for section, keys in KEYS.items() for key in keys if not is_section(section, key)}
    known |= set(OTHERS)
    for name in environment:
        if not name.startswith(_PREFIX) or name in known or _KUBERNETES.search(name):
            continue
        close = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.5)
        hint = f"did you mean {close[0]}?" if close else "see docs/reference/config.md for those there are"
        document.mistakes.append(Mistake(f"environment variable {name}", 1, 1, f"there is no such variable; {hint}"))
