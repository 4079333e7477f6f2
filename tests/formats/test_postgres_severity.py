"""Records in another language: read up to the message, joined, counted on, and no reason for suspicion."""

import pytest

from kit.log_samples import join_records
from whodid.formats import make_format
from whodid.formats.format import FormatSettings
from whodid.formats.postgres_severity import untranslated

PREFIX = "%t [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h "
HEAD = "2026-11-23 07:00:14 UTC [604]: [{}-1] user=bob,db=Shop,app=psql,client=10.0.0.1 "


@pytest.mark.parametrize(
    ("error", "hint", "statement"),
    [
        ("FEHLER:  ", "TIPP:  ", "ANWEISUNG:  "),
        ("ERREUR:  ", "ASTUCE :  ", "INSTRUCTION :  "),
        ("ОШИБКА:  ", "ПОДСКАЗКА:  ", "ОПЕРАТОР:  "),
        ("错误:  ", "提示:  ", "语句:  "),
    ],
)
def test_an_error_is_one_record_with_its_parts(error: str, hint: str, statement: str) -> None:
    lines = [
        HEAD.format(1) + "LOG:  statement: SELECT 1",
        HEAD.format(2) + error + "x :  y",
        HEAD.format(3) + hint + "z",
        HEAD.format(4) + statement + "TRUNCATE x",
        "\t CASCADE",
        HEAD.format(5) + "LOG:  statement: SELECT 2",
    ]
    log = make_format("postgres", FormatSettings(line_prefix=PREFIX))
    first, told, last = [log.parse(record) for record in join_records(log, lines)]
    assert (first.understood, told.understood, last.understood) == (True, False, True)
    wanted = {"severity": "ERROR", "outcome": "failed", "operation": "error", "user": "bob", "client": "10.0.0.1",
              "message": "x :  y", "hint": "z", "statement": "TRUNCATE x\n CASCADE", "line_no": "2"}  # fmt: skip
    assert wanted.items() <= told.attributes.items()
    assert "trust" not in told.attributes and "trust" not in last.attributes


def test_words() -> None:
    assert untranslated("ПАНИКА") == "PANIC"
    assert untranslated("ERROR") == "ERROR"
    assert untranslated("whatever") == "whatever"
