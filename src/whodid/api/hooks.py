"""What `webhooks:` in whodid.yml may say: who may tell the server of events by HTTP, and how they prove it.

Data only, without the web framework; config/ reads and checks the file, routes/webhooks.py acts on it.
"""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class GithubHook:
    """`POST /webhooks/github`."""

    secret_file: Path | None = None
    """File with the secret that GitHub was given, read again for each delivery; null: deliveries are refused."""
    deploy_workflows: tuple[str, ...] = ("deploy", "release")
    """A workflow whose name or file holds one of these words (in any case) deploys: its end is a deployment."""


@dataclass(frozen=True, slots=True)
class DeployHook:
    """`POST /webhooks/deploy`."""

    secret_file: Path | None = None
    """File with the bearer token, which may also sign as GitHub does, read again each time; null: this machine only."""


@dataclass(frozen=True, slots=True)
class Hooks:
    """All of them."""

    github: GithubHook = field(default_factory=GithubHook)
    deploy: DeployHook = field(default_factory=DeployHook)
