"""Makes the host's `Redactor`: the key that marks of secrets are hashed with, and the user's own rules.

The key is 32 random bytes in a file of mode 0600 that never leaves the host: whoever has it can try passwords out on
the marks (formats/redact.py says what a mark tells). Called once by run.py, and by the server for what webhooks tell:
agent and server may be two accounts, so each has a key of its own unless the settings name one.
"""

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Final

from whodid.agent.settings import RedactSettings
from whodid.errors import WhodidError
from whodid.formats.redact import Redactor
from whodid.formats.redact_custom import user_rule

KEY_NAME: Final = "redact.key"
KEY_BYTES: Final = 32


class KeyUnusable(WhodidError):
    """The file with the key cannot be read or written, holds no key, or others may read it."""


def make_redactor(
    settings: RedactSettings, directory: Path, random_bytes: Callable[[int], bytes] = secrets.token_bytes
) -> Redactor:
    """The redactor of this host, with the key of its file. Raises KeyUnusable, or RuleError for a rule."""
    own = directory / KEY_NAME
    key = read_key(settings.key_file or own) if settings.key_file or own.exists() else _create(own, random_bytes)
    rules = [user_rule(rule.kind, rule.pattern) for rule in settings.rules]
    return Redactor(key, rules, settings.disabled)


def borrow_redactor(settings: RedactSettings, state_dir: Path) -> Redactor:
    """The same for a look from outside, which makes no key: without one that it may read its marks have no hash."""
    try:
        key = read_key(settings.key_file or state_dir / KEY_NAME)
    except KeyUnusable:
        key = b""
    return Redactor(key, [user_rule(rule.kind, rule.pattern) for rule in settings.rules], settings.disabled)


def read_key(file: Path) -> bytes:
    """The key of a file: at least 32 bytes that nobody but its owner may read."""
    try:
        with file.open("rb") as opened:
            mode = os.fstat(opened.fileno()).st_mode
            key = opened.read(4096)
    except OSError as e:
        raise KeyUnusable(f"cannot read the key for marks of secrets from {file}: {e.strerror}") from e
    if mode & 0o077:
        raise KeyUnusable(f"{file} may be read or written by others, who could try passwords out with it: chmod 600")
    if len(key) < KEY_BYTES:
        raise KeyUnusable(f"{file} is too short for a key: head -c {KEY_BYTES} /dev/urandom makes one")
    return key


def _create(file: Path, random_bytes: Callable[[int], bytes]) -> bytes:
    """A new key. Written whole before it has its name, and never over another: two agents that start at once agree."""
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
            opened.write(random_bytes(KEY_BYTES))
            opened.flush()
            os.fsync(opened.fileno())
        try:
            os.link(draft, file)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    except OSError as e:
        raise KeyUnusable(f"cannot write the key for marks of secrets to {file}: {e.strerror}") from e
    return read_key(file)
