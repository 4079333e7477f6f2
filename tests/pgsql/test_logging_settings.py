"""Which texts change what is logged, and what only looks so."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whodid.pgsql import is_logging_setting, logging_change, may_change_logging

CHANGES = {
    "SET log_statement = 'none'": "log_statement",
    "set local Log_Min_Duration_Statement to -1": "log_min_duration_statement",
    'SET SESSION "log_statement" TO none': "log_statement",
    "/* */ set -- x\n log_duration = off": "log_duration",
    "SELECT 1; RESET log_statement": "log_statement",
    "ALTER SYSTEM SET log_destination = 'syslog'": "log_destination",
    "alter system reset logging_collector": "logging_collector",
    "ALTER SYSTEM RESET ALL": "ALL",
    "ALTER SYSTEM SET shared_preload_libraries = ''": "shared_preload_libraries",
    "ALTER ROLE a IN DATABASE b SET log_statement TO none": "log_statement",
    "ALTER USER a RESET ALL": "ALL",
    "ALTER DATABASE b SET pgaudit.log TO none": "pgaudit.log",
    "SET pgaudit.log = none": "pgaudit.log",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql SET log_statement = none AS $$ SELECT 1 $$": "log_statement",
    "ALTER FUNCTION f() SET log_min_messages FROM CURRENT": "log_min_messages",
    "SELECT set_config('log_statement', 'none', false)": "log_statement",
    "SELECT a, pg_catalog.set_config('log_' || 'statement', 'none', true) FROM t": "log_statement",
    r"SELECT set_config(E'log\x5fstatement', 'none', false)": "log_statement",
    r"SELECT set_config(U&'log\005fstatement', 'none', false)": "log_statement",
    "SELECT set_config($q$log_statement$q$, 'none', false)": "log_statement",
    "SELECT set_config($2, $1, false)": "log_statement",
    "DO $$ BEGIN PERFORM set_config('log_statement', 'none', false); END $$": "log_statement",
    "DO LANGUAGE plpgsql 'BEGIN EXECUTE ''SET log_statement = none''; END'": "log_statement",
    "UPDATE t SET a = 1; SET log_statement = 'none'": "log_statement",
}
HARMLESS = (
    "SHOW log_statement",
    "SELECT 'SET log_statement = none'",
    "-- SET log_statement = 'none'",
    "SET search_path = log_statement",
    "UPDATE t SET log_level = 1 WHERE id = 2",
    "UPDATE public.t AS u SET log_level = 1",
    "INSERT INTO t VALUES (1) ON CONFLICT (id) DO UPDATE SET log_level = 1",
    "MERGE INTO t USING u ON a = b WHEN MATCHED THEN UPDATE SET log_level = 1",
    "SELECT set_config('search_path', 'log_statement', false)",
    "SELECT set_config($3, $2, false)",
    "SELECT log_statement FROM set_log_statement",
    "RESET ALL",
    "DISCARD ALL",
    "SET log_timezone = 'UTC'",
    "INSERT INTO notes VALUES ('DO $$ SET log_statement = none $$')",
    "ALTER TABLE t ALTER log_statement SET DEFAULT 1",
    "",
)


@pytest.mark.parametrize("text", CHANGES)
def test_changes(text: str) -> None:
    assert logging_change(text, {"$1": "none", "$2": "log_statement"}) == CHANGES[text]
    assert may_change_logging(text)


@pytest.mark.parametrize("text", HARMLESS)
def test_harmless(text: str) -> None:
    assert logging_change(text, {"$2": "log_statement", "$3": "search_path"}) == ""


def test_settings() -> None:
    assert is_logging_setting("log_connections") and is_logging_setting("LOG_STATEMENT")
    assert not is_logging_setting("work_mem") and not is_logging_setting("my.log_statement")


@given(
    st.lists(st.sampled_from(["set ", "log_a", "=", "set_config(", "'", "$$", "do ", "reset ", "all", ";", "alter "]))
)
def test_never_raises(pieces: list[str]) -> None:
    assert isinstance(logging_change("".join(pieces)), str)


@pytest.mark.parametrize(
    "piece", ["set a = ", "set_config(", "do $$", "reset all ", "alter set ", "'||'", "set_config($1||"]
)
def test_time_is_linear(piece: str) -> None:
    """Half a megabyte of the worst takes no more than a second, on a machine five times slower than ours."""
    begun = time.process_time()
    logging_change("log_" + piece * (500_000 // len(piece)))
    assert time.process_time() - begun < 10
