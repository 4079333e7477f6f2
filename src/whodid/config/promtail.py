"""`agent.promtail_config`: a Promtail configuration as sources of the agent. Called by load.py.

It goes the way of `whodid agent convert`: what is written there as text is read here, so that both mean the same.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import yaml

from whodid.agent.file_targets import this_host
from whodid.agent.settings import SourceSettings
from whodid.config.settings import AgentSection
from whodid.config.sources import read_source
from whodid.document import Fields, compose
from whodid.promtail.convert import Converted, convert
from whodid.promtail.load import PromtailConfigError, read_config
from whodid.promtail.yaml_text import whodid_yml

KEY = "promtail_config"


def with_promtail(agent: AgentSection, section: Fields, environment: Mapping[str, str]) -> AgentSection:
    """The section with what its Promtail configuration adds; what whodid.yml says itself counts. Mistakes of that file
    go into the document."""
    path = agent.promtail_config
    if path is None:
        return agent
    try:
        converted = convert_file(path, environment, expand=agent.promtail_expand_env)
    except (OSError, UnicodeDecodeError) as e:
        section.wrong(KEY, f"agent.{KEY}: cannot read {path}: {why_unreadable(e)}")
        return agent
    except PromtailConfigError as e:
        section.document.mistakes += e.mistakes
        return agent
    return replace(
        agent,
        server=agent.server if section.has("server") else converted.server,
        token_file=agent.token_file or _path(converted.token_file),
        tenant=agent.tenant if section.has("tenant") else converted.tenant,
        promtail_positions=agent.promtail_positions or _path(converted.positions_file),
        sources=(*agent.sources, *_sources(converted, section, path)),
    )


def convert_file(path: Path, environment: Mapping[str, str], *, expand: bool) -> Converted:
    """What a promtail.yml means on this host. Raises OSError, UnicodeDecodeError and PromtailConfigError."""
    config = read_config(path.read_text("utf-8"), str(path), environment if expand else None)
    return convert(config, this_host(environment))


def why_unreadable(error: OSError | UnicodeDecodeError) -> str:
    return error.strerror or "" if isinstance(error, OSError) else "it is not UTF-8 text"


def _path(text: str) -> Path | None:
    return Path(text) if text else None


def _sources(converted: Converted, section: Fields, path: Path) -> tuple[SourceSettings, ...]:
    """The sources, read out of the text that `whodid agent convert` prints."""
    document = compose(whodid_yml(converted, str(path)), str(path))
    nodes = [] if document.root is None else _nodes(document.root)
    read = tuple(read_source(document, node, f"{path}: source {n}") for n, node in enumerate(nodes))
    for mistake in document.mistakes:  # its place is one of the text, which nobody sees
        section.wrong(KEY, f"agent.{KEY}: {mistake.message}")
    return read


def _nodes(root: yaml.Node) -> list[yaml.Node]:
    """The members of agent.sources in a document of our own making."""
    agent = {key.value: value for key, value in root.value}["agent"]
    return list({key.value: value for key, value in agent.value}["sources"].value)
