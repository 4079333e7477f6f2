"""Masking: what is a secret, what is none, and that a mask never reaches further than the secret."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whodid.formats.redact import redact
from whodid.pgsql import classify

CASES = [
    ("ALTER ROLE a PASSWORD 'x'", "ALTER ROLE a PASSWORD '<redacted>'"),
    ("create user a with encrypted password 'it''s' superuser",
     "create user a with encrypted password '<redacted>' superuser"),
    ("ALTER ROLE a PASSWORD E'a\\'b' VALID UNTIL 'x'", "ALTER ROLE a PASSWORD '<redacted>' VALID UNTIL 'x'"),
    ("ALTER ROLE a PASSWORD $$x$$", "ALTER ROLE a PASSWORD '<redacted>'"),
    ("ALTER ROLE a PASSWORD $t$x$$y$t$;", "ALTER ROLE a PASSWORD '<redacted>';"),
    ("ALTER ROLE a PASSWORD U&'x'", "ALTER ROLE a PASSWORD '<redacted>'"),
    ("ALTER ROLE a PASSWORD\n\t/* c */ 'x'", "ALTER ROLE a PASSWORD\n\t/* c */ '<redacted>'"),
    ("ALTER ROLE a PaSsWoRd'x'", "ALTER ROLE a PaSsWoRd'<redacted>'"),
    ("ALTER ROLE a PASSWORD 'cut of", "ALTER ROLE a PASSWORD '<redacted>'"),
    ("psql 'host=h password=x user=u'", "psql 'host=h password=<redacted> user=u'"),
    ("dblink('host=h password=''x y'' user=u')", "dblink('host=h password=''<redacted>'' user=u')"),
    ("CREATE SUBSCRIPTION s CONNECTION 'host=h password=x'",
     "CREATE SUBSCRIPTION s CONNECTION 'host=h password=<redacted>'"),
    ("PGPASSWORD=x psql", "PGPASSWORD=<redacted> psql"),
    ("mysqldump --password=x db", "mysqldump --password=<redacted> db"),
    ("GET /login?password=x&a=1", "GET /login?password=<redacted>&a=1"),
    ('{"password": "x", "a": 1}', '{"password": "<redacted>", "a": 1}'),
    ("UPDATE u SET password = 'x', a = 1", "UPDATE u SET password = '<redacted>', a = 1"),
    ("postgresql://u:x@h:5432/d", "postgresql://u:<redacted>@h:5432/d"),
    ("redis://:x@h", "redis://:<redacted>@h"),
    # no secrets
    ('password authentication failed for user "a"', None),
    ("UPDATE u SET password = $1", None),
    ('user "a" was not found in "/etc/nginx/htpasswd", client: 192.0.2.7, request: "GET /"', None),
    ("INSERT INTO u (a, password) VALUES ($1, $2)", None),
    ("ALTER ROLE a PASSWORD NULL", None),
    ("SELECT password FROM u WHERE a = 'x'", None),
    ("https://host:8443/path user@example.org", None),
    ("pam_unix(passwd:chauthtok): password changed for eve", None),
    # the mask ends where the string ends for the server
    ("ALTER ROLE a PASSWORD 'x\\'; TRUNCATE t; --'", "ALTER ROLE a PASSWORD '<redacted>'; TRUNCATE t; --'"),
    ("ALTER ROLE a PASSWORD '' ; TRUNCATE t; SELECT ''", None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "masked"), CASES)
def test_case(text: str, masked: str | None) -> None:
    assert redact(text) == (text if masked is None else masked)
    assert redact(redact(text)) == redact(text)


def test_untouched_text_is_the_same_object() -> None:
    text = 'password authentication failed for user "a" https://x'
    assert redact(text) is text


@given(st.text(alphabet="ab'\\$;/*-\n\" ", max_size=20))
def test_a_mask_hides_no_statement(secret: str) -> None:
    sql = f"ALTER ROLE a PASSWORD '{secret}'; TRUNCATE t"
    before = [(s.operation, s.objects) for s in classify(sql)]
    assert [(s.operation, s.objects) for s in classify(redact(sql))] == before


@given(st.text(alphabet="ab'\\x;/ ", max_size=20))
def test_a_whole_secret_is_gone(secret: str) -> None:
    quoted = secret.replace("'", "''")
    assert redact(f"ALTER ROLE a PASSWORD '{quoted}X1Y2'").count("X1Y2") == 0
    escaped = secret.replace("\\", "\\\\").replace("'", "\\'")
    assert redact(f"ALTER ROLE a PASSWORD E'{escaped}X1Y2'").count("X1Y2") == 0
