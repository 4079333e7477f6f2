"""Reads one member of `agent.sources` into SourceSettings: its own keys, and the section of its kind of source.

Exactly one of `paths`, `file_sd`, `docker`, `journal`, `syslog` and `push` says where the lines come from. A section's
keys are the fields of its settings class, which stands beside the source itself. Called by `load.py`, for whodid.yml
and for a Promtail configuration turned into one. Promtail's parts are loaded only where a source has any.
"""

import re
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, cast, get_type_hints

import yaml

from whodid.agent.settings import SourceSettings
from whodid.document import Document, Fields, plain
from whodid.errors import WhodidError
from whodid.formats import FORMATS, OPTIONS
from whodid.model.clock import SECOND
from whodid.model.labels import LABEL_NAME
from whodid.sources.docker import DockerSettings
from whodid.sources.docker_container import Filter
from whodid.sources.encodings import UnknownEncoding, find_encoding
from whodid.sources.file_sd import FileSdSettings
from whodid.sources.journal import JournalSettings
from whodid.sources.push import PushSettings
from whodid.sources.syslog import SyslogSettings

SECTIONS: Final[Mapping[str, type]] = MappingProxyType(
    {
        "file_sd": FileSdSettings,
        "journal": JournalSettings,
        "syslog": SyslogSettings,
        "docker": DockerSettings,
        "push": PushSettings,
    }
)
"""The kinds of sources that name no files themselves, by the key of their section."""
SOURCE_KEYS = (
    "job",
    "format",
    "paths",
    "exclude",
    *SECTIONS,
    "labels",
    "automatic_labels",
    "file_label",
    "line_prefix",
    "timezone",
    "encoding",
    "options",
    "relabel_configs",
    "pipeline_stages",
)


def read_source(document: Document, node: yaml.Node, what: str) -> SourceSettings:
    """One source; every mistake goes into the document. `what` names it in messages."""
    section = Fields(document, node, what, SOURCE_KEYS)
    received = any(section.has(key) for key in SECTIONS if key != "file_sd")
    name = section.text("format", "" if received else "plain")
    if name not in FORMATS and (name or not received):
        section.wrong("format", f"unknown format {name!r}; known: {', '.join(FORMATS)}")
    if not section.text("job"):
        section.wrong("job", f"{what} needs a job, the label its lines are found by")
    return SourceSettings(
        job=section.text("job"),
        format=name,
        paths=_paths(section, what),
        exclude=tuple(section.strings("exclude")),
        labels=_labels(document, section),
        line_prefix=section.text("line_prefix"),
        timezone=section.text("timezone") or None,
        encoding=_encoding(section),
        options=_options(document, section, name or next((key for key in SECTIONS if section.has(key)), "")),
        relabel_configs=_relabelling(document, section),
        pipeline_stages=_stages(document, section, section.text("job")),
        automatic_labels=section.flag("automatic_labels") is not False,
        file_label=section.flag("file_label") is not False,
        **{key: read_section(section, key, kind) for key, kind in SECTIONS.items() if section.has(key)},
    )


def _encoding(section: Fields) -> str:
    name = section.text("encoding")
    try:
        find_encoding(name)
    except UnknownEncoding as e:
        section.wrong("encoding", str(e))
    return name


def read_section(section: Fields, key: str, kind: type) -> Any:
    """A section whose keys are the fields of a settings class. Durations are `30s` there and `_ns` here."""
    names = section_keys(kind)
    below, hints, values = section.section(key, tuple(names)), get_type_hints(kind), dict[str, Any]()
    for name, field in names.items():
        if below.has(name):
            values[field] = _value(below, name, field, hints[field])
    for member in fields(kind):
        if member.name not in values and member.default is MISSING and member.default_factory is MISSING:
            below.wrong(member.name, f"{key} needs {member.name}")
            return None
    try:
        return kind(**values)
    except (ValueError, WhodidError) as e:  # a class may judge what its fields are together
        section.wrong(key, f"{key}: {e}")
        return None


def section_keys(kind: type) -> dict[str, str]:
    """The keys of a section, and the fields that they fill."""
    return {re.sub("_n?s$", "", field.name): field.name for field in fields(kind)}


def _value(section: Fields, name: str, field: str, hint: Any) -> Any:
    if field.endswith("_ns"):
        return section.duration_ns(name)
    if field.endswith("_s"):
        return section.duration_ns(name) / SECOND
    if is_dataclass(hint):
        return read_section(section, name, cast(type, hint))
    if hint is bool:
        return bool(section.flag(name))
    if hint is int:
        return section.whole(name)
    if hint in (Path, Path | None):
        return Path(section.text(name)).expanduser()
    if hint == tuple[Filter, ...]:
        return tuple(
            Filter(item.text("name"), tuple(item.strings("values")))
            for node in section.items(name)
            for item in [Fields(section.document, node, name, ("name", "values"))]
        )
    if hint == tuple[str, ...]:
        return tuple(section.strings(name))
    if hint == Mapping[str, str]:
        return plain(section.texts(name))
    return section.text(name)


def _paths(section: Fields, what: str) -> tuple[str, ...]:
    paths = tuple(section.strings("paths"))
    kinds = [*(["paths"] if paths else []), *(key for key in SECTIONS if section.has(key))]
    if not kinds:
        section.wrong("paths", f"{what} follows nothing: give paths, or one of {', '.join(SECTIONS)}")
    elif len(kinds) > 1:
        section.wrong(kinds[-1], f"{what} has {' and '.join(kinds)}: make a source of each")
    return paths


def _labels(document: Document, section: Fields) -> dict[str, str]:
    labels = section.texts("labels")
    for label, (_, node) in labels.items():
        if not LABEL_NAME.fullmatch(label):
            document.wrong(node, f"{label!r} is not a label name ([a-zA-Z_][a-zA-Z0-9_]*)")
    return plain(labels)


def _options(document: Document, section: Fields, format: str) -> dict[str, str]:
    """The settings of a format that only it has. One that no format reads would be a mistake nobody hears of."""
    options, known = section.texts("options"), OPTIONS.get(format, {})
    for option, (value, node) in options.items():
        if option not in known:
            names = f"it has {', '.join(known)}" if known else "it has none"
            document.wrong(node, f"format {format!r} has no option {option!r}; {names}")
        elif known[option] and value not in known[option]:
            document.wrong(node, f"option {option!r} must be {' or '.join(known[option])}, not {value!r}")
    return plain(options)


def _stages(document: Document, section: Fields, job: str) -> tuple[Mapping[str, object], ...]:
    """Promtail's pipeline, as the plain data that it is; judged by making one."""
    found = _objects(document, section, "pipeline_stages")
    if found:
        from whodid.promtail import Pipeline, PipelineError

        try:
            Pipeline(found, job=job, now_ns=lambda: 0, monotonic_s=lambda: 0.0, random=lambda: 0.0)
        except PipelineError as e:
            section.wrong("pipeline_stages", str(e))
    return found


def _relabelling(document: Document, section: Fields) -> tuple[Mapping[str, object], ...]:
    found = _objects(document, section, "relabel_configs")
    if found:
        from whodid.promtail import PipelineError, Relabel

        try:
            Relabel(found)
        except PipelineError as e:
            section.wrong("relabel_configs", str(e))
    return found


def _objects(document: Document, section: Fields, name: str) -> tuple[Mapping[str, object], ...]:
    """A list of mappings, read as Promtail reads YAML."""
    nodes, out = section.items(name), list[Mapping[str, object]]()
    if nodes:
        from whodid.promtail.yaml_values import plain_values
    for node in nodes:
        value = plain_values(document, node)
        if isinstance(value, dict):
            out.append(cast(dict[str, object], value))
        else:
            document.wrong(node, f"{name}: each item must be a mapping")
    return tuple(out)
