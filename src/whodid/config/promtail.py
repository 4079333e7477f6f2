"""`agent.promtail_config`: a Promtail configuration as sources of the agent. Called by load.py.

It goes the way of `whodid agent convert`: what is written there as text is read here, so that both mean the same.
"""

import socket
from pathlib import Path

import yaml

from whodid.agent.settings import SourceSettings
from whodid.config.sources import read_source
from whodid.document import Fields, compose
from whodid.promtail.convert import Converted, convert
from whodid.promtail.load import PromtailConfigError, read_config
from whodid.promtail.yaml_text import whodid_yml

KEY = "promtail_config"


def read_promtail(section: Fields, path: Path) -> tuple[Converted, tuple[SourceSettings, ...]] | None:
    """What a Promtail configuration means; None where it has mistakes, which go into the document."""
    try:
        converted = convert(read_config(path.read_text("utf-8"), str(path)), socket.gethostname())
    except (OSError, UnicodeDecodeError) as e:
        section.wrong(KEY, f"agent.{KEY}: cannot read {path}: {e.strerror if isinstance(e, OSError) else e.reason}")
        return None
    except PromtailConfigError as e:
        section.document.mistakes += e.mistakes
        return None
    document = compose(whodid_yml(converted, str(path)), str(path))
    sources = [] if document.root is None else _sources(document.root)
    read = tuple(read_source(document, node, f"{path}: source {n}") for n, node in enumerate(sources))
    for mistake in document.mistakes:
        section.wrong(KEY, f"agent.{KEY}: {mistake.message}")
    return converted, read


def _sources(root: yaml.Node) -> list[yaml.Node]:
    """The members of agent.sources in a document of our own making."""
    agent = {key.value: value for key, value in root.value}["agent"]
    return list({key.value: value for key, value in agent.value}["sources"].value)
