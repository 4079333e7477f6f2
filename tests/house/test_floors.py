"""The floors: imports go downwards only, rooms of one floor do not know each other (import-linter)."""

from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

from kit.house import ROOT


def test_the_contracts_are_kept(capsys: object, monkeypatch: object) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "src"))  # type: ignore[attr-defined]
    status = lint_imports(config_filename=str(ROOT / "pyproject.toml"), cache_dir=None, verbose=False)
    assert status == EXIT_STATUS_SUCCESS, capsys.readouterr().out  # type: ignore[attr-defined]
