"""The host's key: made once, kept from others, shared where a file is named."""

import stat
from pathlib import Path

import pytest

from whodid.agent.redaction import KEY_NAME, KeyUnusable, make_redactor, read_key
from whodid.agent.settings import RedactRule, RedactSettings
from whodid.formats.redact_custom import RuleError

SQL = "ALTER ROLE a PASSWORD 'x'"


def test_the_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    state = tmp_path / "data" / "agent"
    first = make_redactor(RedactSettings(), state)(SQL)
    assert stat.S_IMODE((state / KEY_NAME).stat().st_mode) == 0o600
    assert len((state / KEY_NAME).read_bytes()) == 32
    assert make_redactor(RedactSettings(), state)(SQL) == first
    assert make_redactor(RedactSettings(), tmp_path / "other")(SQL) != first
    assert [path.name for path in state.iterdir()] == [KEY_NAME]


def test_two_agents_that_start_at_once_agree(tmp_path: Path) -> None:
    """The other's key appears between the look and the writing: it stays."""

    def slow(size: int) -> bytes:
        (tmp_path / KEY_NAME).write_bytes(b"o" * 32)
        (tmp_path / KEY_NAME).chmod(0o600)
        return b"m" * size

    first = make_redactor(RedactSettings(), tmp_path, slow)(SQL)
    assert (tmp_path / KEY_NAME).read_bytes() == b"o" * 32
    assert make_redactor(RedactSettings(), tmp_path)(SQL) == first


def test_hosts_with_one_key_make_the_same_marks(tmp_path: Path) -> None:
    shared = tmp_path / "shared.key"
    shared.write_bytes(bytes(range(32)))
    shared.chmod(0o600)
    settings = RedactSettings(key_file=shared)
    assert make_redactor(settings, tmp_path / "a")(SQL) == make_redactor(settings, tmp_path / "b")(SQL)
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize(
    ("content", "mode", "reason"),
    [(b"k" * 32, 0o640, "chmod 600"), (b"k" * 31, 0o600, "too short"), (None, 0, "cannot read")],
)
def test_an_unusable_key_is_told(tmp_path: Path, content: bytes | None, mode: int, reason: str) -> None:
    file = tmp_path / "k"
    if content is not None:
        file.write_bytes(content)
        file.chmod(mode)
    with pytest.raises(KeyUnusable, match=reason):
        read_key(file)


def test_a_key_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(KeyUnusable, match="cannot write"):
        make_redactor(RedactSettings(), tmp_path / "file")


def test_rules_and_kinds_of_the_settings(tmp_path: Path) -> None:
    settings = RedactSettings((RedactRule("seat", "seat [0-9]+"),), disabled=("password",))
    redactor = make_redactor(settings, tmp_path)
    assert redactor(SQL) == SQL
    assert redactor("took seat 12").startswith("took <redacted:seat:")
    with pytest.raises(RuleError, match="no regular expression"):
        make_redactor(RedactSettings((RedactRule("a", "["),)), tmp_path)
