"""tests/ mirrors src/: `wire/params.py` is tested by `tests/wire/test_params.py`, and a test file without a module says why.

Both lists of exceptions may only shrink: an entry that is no longer needed fails.
"""

from pathlib import Path

from kit.house import SRC, TESTS, modules

# ruff: noqa: E501 – one exception a line, with its reason

NOUN = "only data and contracts"
BY_SAMPLES = "the samples of its format (tests/formats/test_samples.py, test_recorded.py)"
BY_ACCESS = "formats of nginx's access log (tests/formats/test_nginx_access.py and its cases)"
BY_PIPELINE = "the write path as its callers see it (tests/ingest/test_pipeline.py)"
BY_COMMIT = "what becomes of bodies in the engine (tests/ingest/test_commit.py)"
BY_WHO = "whole stories (tests/investigate/test_who.py and tests/acceptance/test_december.py)"
BY_CLASSIFY = "what a statement is (tests/pgsql/test_classify.py and its cases)"
BY_TEMPLATE = "templates as a whole (tests/rules/test_template.py)"
BY_COLUMNS = "queries answered both ways (tests/query/test_in_engine.py)"
BY_STAGES = "pipelines as a whole (tests/promtail/test_cases.py and its cases)"
BY_PROGRAM = "the running program (tests/cli/test_december.py, tests/acceptance)"
WITHOUT_TEST: dict[str, str] = {
    "agent/collector.py": BY_PROGRAM,
    "agent/recipe.py": BY_PROGRAM,
    "agent/settings.py": NOUN,
    "api/hooks.py": NOUN,
    "api/services.py": NOUN,
    "config/settings.py": NOUN,
    "errors.py": NOUN,
    "formats/audit_messages.py": BY_SAMPLES,
    "formats/auth_messages.py": BY_SAMPLES,
    "formats/backend.py": BY_SAMPLES,
    "formats/backend_head.py": BY_SAMPLES,
    "formats/backend_names.py": BY_SAMPLES,
    "formats/backend_text.py": BY_SAMPLES,
    "formats/backup.py": BY_SAMPLES,
    "formats/backup_messages.py": BY_SAMPLES,
    "formats/cron_messages.py": BY_SAMPLES,
    "formats/envelope.py": "both formats of envelopes (tests/formats/test_received.py, test_docker.py)",
    "formats/errors.py": NOUN,
    "formats/factory.py": BY_SAMPLES,
    "formats/fail2ban.py": BY_SAMPLES,
    "formats/fail2ban_messages.py": BY_SAMPLES,
    "formats/format.py": NOUN,
    "formats/kernel_messages.py": BY_SAMPLES,
    "formats/message_rules.py": BY_SAMPLES,
    "formats/nginx_error.py": BY_SAMPLES,
    "formats/nginx_keys.py": BY_SAMPLES,
    "formats/nginx_line.py": BY_SAMPLES,
    "formats/nginx_variables.py": BY_ACCESS,
    "formats/plain.py": BY_SAMPLES,
    "formats/postgres.py": BY_SAMPLES,
    "formats/postgres_choice.py": BY_SAMPLES,
    "formats/postgres_escapes.py": "prefixes as a whole (tests/formats/test_postgres_prefix.py)",
    "formats/postgres_fields.py": BY_SAMPLES,
    "formats/postgres_json.py": BY_SAMPLES,
    "formats/postgres_lines.py": BY_SAMPLES,
    "formats/postgres_message.py": BY_SAMPLES,
    "formats/postgres_record.py": BY_SAMPLES,
    "formats/postgres_session.py": BY_SAMPLES,
    "formats/raw.py": BY_SAMPLES,
    "formats/server_messages.py": BY_SAMPLES,
    "formats/programs.py": BY_SAMPLES,
    "ingest/body.py": NOUN,
    "ingest/committer.py": BY_PIPELINE,
    "ingest/decode.py": BY_COMMIT,
    "ingest/delete_request.py": NOUN,
    "ingest/limits.py": NOUN,
    "ingest/staging.py": BY_COMMIT,
    "investigate/attribution.py": BY_WHO,
    "investigate/danger.py": BY_WHO,
    "investigate/duplicates.py": BY_WHO,
    "investigate/event.py": NOUN,
    "investigate/finding.py": NOUN,
    "investigate/logins.py": BY_WHO,
    "investigate/sessions.py": BY_WHO,
    "investigate/transaction.py": BY_WHO,
    "investigate/weights.py": BY_WHO,
    "logql/ast.py": NOUN,
    "model/alert.py": NOUN,
    "model/entry.py": NOUN,
    "model/matcher.py": NOUN,
    "model/person.py": NOUN,
    "model/result.py": NOUN,
    "notify/receiver.py": NOUN,
    "notify/settings.py": NOUN,
    "pgsql/commands.py": BY_CLASSIFY,
    "pgsql/cursor.py": BY_CLASSIFY,
    "pgsql/grammar.py": BY_CLASSIFY,
    "pgsql/objects.py": BY_CLASSIFY,
    "pgsql/shortcut.py": BY_CLASSIFY,
    "pgsql/statement.py": NOUN,
    "promtail/config.py": NOUN,
    "promtail/counters.py": BY_STAGES,
    "promtail/entry.py": BY_STAGES,
    "promtail/errors.py": BY_STAGES,
    "promtail/sprig_lists.py": BY_STAGES,
    "promtail/sprig_texts.py": BY_STAGES,
    "promtail/stages/cri.py": BY_STAGES,
    "promtail/stages/decolorize.py": BY_STAGES,
    "promtail/stages/docker.py": BY_STAGES,
    "promtail/stages/drop.py": BY_STAGES,
    "promtail/stages/json.py": BY_STAGES,
    "promtail/stages/labelallow.py": BY_STAGES,
    "promtail/stages/labeldrop.py": BY_STAGES,
    "promtail/stages/labels.py": BY_STAGES,
    "promtail/stages/limit.py": BY_STAGES,
    "promtail/stages/logfmt.py": BY_STAGES,
    "promtail/stages/match.py": BY_STAGES,
    "promtail/stages/metrics.py": BY_STAGES,
    "promtail/stages/multiline.py": BY_STAGES,
    "promtail/stages/output.py": BY_STAGES,
    "promtail/stages/pack.py": BY_STAGES,
    "promtail/stages/regex.py": BY_STAGES,
    "promtail/stages/replace.py": BY_STAGES,
    "promtail/stages/sampling.py": BY_STAGES,
    "promtail/stages/stage.py": BY_STAGES,
    "promtail/stages/static_labels.py": BY_STAGES,
    "promtail/stages/structured_metadata.py": BY_STAGES,
    "promtail/stages/template.py": BY_STAGES,
    "promtail/stages/tenant.py": BY_STAGES,
    "promtail/stages/timestamp.py": BY_STAGES,
    "promtail/template.py": BY_STAGES,
    "query/columns/column.py": NOUN,
    "query/columns/label_filter.py": BY_COLUMNS,
    "query/columns/stored.py": BY_COLUMNS,
    "rules/rule.py": NOUN,
    "rules/template_functions.py": BY_TEMPLATE,
    "sources/docker_api.py": "the receiver as a whole, on a socket (tests/sources/test_docker.py)",
    "sources/source.py": NOUN,
    "store/store.py": NOUN,
    "templates/errors.py": NOUN,
    "wire/push_headers.py": NOUN,
}
"""Module → what tests it instead."""
WITHOUT_MODULE: dict[str, str] = {
    "promtail/test_cases.py": "whole pipelines, by cases",
    "api/test_answers_of_loki.py": "questions to every route, and Loki's own answers",
    "api/test_fuzz.py": "every route, asked anything",
    "api/test_recorded_clients.py": "what promtail, Vector and the others send",
    "formats/test_properties.py": "what holds for every format",
    "formats/test_recorded.py": "whole recordings of daemons",
    "formats/test_samples.py": "samples of every format",
    "investigate/test_forgery.py": "hostile logs from their formats to the answer",
    "investigate/test_on_the_engine.py": "findings on the real engine",
    "logql/test_grammar.py": "grammar.cases: text to tree and back",
    "query/test_cases.py": "cases/*.case: whole queries on the real engine",
    "rules/test_builtin.py": "the rules that come with whodid",
    "rules/test_crash.py": "alert state over kill -9",
}
"""Test file → what it is about."""
WHOLE = ("acceptance", "benchmarks", "house", "simulation", "web", "kit")
"""Folders of tests that look at the whole product, or at none of it."""


def mirrored(module: str) -> str:
    """The test file of a module, below tests/."""
    path = Path(module.replace("api/routes/", "api/"))  # the routes are most of that room
    return str(path.parent / f"test_{path.name}")


def without_test() -> set[str]:
    names = [module for module in modules() if Path(module).name not in ("__init__.py", "__main__.py")]
    return {module for module in names if not (TESTS / mirrored(module)).exists()}


def without_module() -> set[str]:
    known = {mirrored(module) for module in modules()}
    files = (str(path.relative_to(TESTS)) for path in TESTS.rglob("test_*.py"))
    return {name for name in files if name not in known and Path(name).parts[0] not in WHOLE}


def test_every_module_has_its_test_file() -> None:
    assert without_test() - WITHOUT_TEST.keys() == set(), "write the test file, or say in WITHOUT_TEST what tests it"
    assert WITHOUT_TEST.keys() - without_test() == set(), "these exceptions are no longer needed"


def test_every_test_file_has_its_module() -> None:
    assert without_module() - WITHOUT_MODULE.keys() == set(), "name the test file for its module, or say why not"
    assert WITHOUT_MODULE.keys() - without_module() == set(), "these exceptions are no longer needed"


def test_rooms_are_folders() -> None:
    rooms = {path.name for path in SRC.iterdir() if path.is_dir() and any(path.glob("*.py"))}
    tested = {path.name for path in TESTS.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert rooms - tested == set()
    assert tested - rooms - set(WHOLE) == set()
