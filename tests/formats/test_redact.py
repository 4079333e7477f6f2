"""Masking: what is a secret, what is none, and that a mask never reaches further than the secret."""

import re
from pathlib import Path

import orjson
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from kit.log_samples import join_records
from kit.planted import made_up
from whodid.formats import FormatSettings, make_format
from whodid.formats.redact import MARK, Redactor
from whodid.formats.redact_custom import user_rule
from whodid.formats.redact_rules import KINDS
from whodid.pgsql import classify

CASES = yaml.safe_load((Path(__file__).parent / "redact.yml").read_text())
KEY = bytes(range(32))
redact = Redactor(KEY)


def filled(text: str) -> str:
    for name, secret in made_up(7).items():
        text = text.replace(f"{{{name}}}", secret)
    return text


@pytest.mark.parametrize(("text", "masked"), CASES["masked"])
def test_masked(text: str, masked: str) -> None:
    text, masked = filled(text), filled(masked)
    once = redact(text)
    assert re.sub(r"<redacted:(\w+):[0-9a-f]{10}>", r"<\1>", once) == masked
    assert redact(once) == once
    assert (once == text) == ("<" not in masked)


@pytest.mark.parametrize("text", CASES["untouched"])
def test_untouched_text_is_the_same_object(text: str) -> None:
    assert redact(text) is text


def test_every_kind_has_a_case() -> None:
    told = "".join(masked for _, masked in CASES["masked"])
    told += (Path(__file__).parent / "nginx_access.yml").read_text(encoding="utf-8")  # what its place makes a secret
    assert [kind for kind in KINDS if f"<{kind}>" not in told] == []


def test_what_stands_beside_its_name() -> None:
    """The name may tell that it is a secret, and is never taken for one itself."""
    mark = redact.whole("password", "h0rse-staple")
    assert redact.member("db_password", "h0rse-staple") == mark
    assert redact.member("note", "PGPASSWORD=h0rse-staple psql") == f"PGPASSWORD={mark} psql"
    assert redact.member("page_token", 'say "hi"\n') == 'say "hi"\n'
    assert redact.member("password", mark) == mark


def test_what_is_a_secret_as_a_whole() -> None:
    mark = redact.whole("token", "abc")
    assert MARK.fullmatch(mark) and redact.whole("token", mark) == mark
    assert Redactor(KEY, disabled=["token"]).whole("token", "abc") == "abc"


def test_equal_secrets_have_equal_marks() -> None:
    """However they are written; others have others, and so has another key."""
    spellings = (
        "ALTER ROLE a PASSWORD 'it''s 50%'",
        "ALTER ROLE a PASSWORD E'it\\'s 50%'",
        "ALTER ROLE a PASSWORD $p$it's 50%$p$",
        "postgres://u:it%27s%2050%25@h/d",
        '{"password": "it\'s 50%"}',
        'x {"password": "it\\u0027s 50%"}',
        "Authorization: Basic a'",
    )
    marks = [MARK.findall(redact(text))[0].split(":")[-1] for text in spellings]
    assert len(set(marks[:-1])) == 1
    assert marks[-1] != marks[0]
    assert Redactor(KEY[::-1])(spellings[0]) != redact(spellings[0])
    assert Redactor(KEY)(spellings[0]) == redact(spellings[0])


def test_without_a_key_marks_tell_the_kind_alone() -> None:
    assert Redactor()("PGPASSWORD=x psql") == "PGPASSWORD=<redacted:password> psql"


def test_disabled_kinds_stay() -> None:
    text = "Cookie: sid=abc; Authorization: Bearer abc"
    assert "sid=abc" in Redactor(KEY, disabled=["cookie"])(text)
    assert "Bearer abc" not in Redactor(KEY, disabled=["cookie"])(text)
    assert Redactor(KEY, disabled=KINDS)(text) is text


def test_many_texts_at_once() -> None:
    texts = [*CASES["untouched"], *(filled(text) for text, _ in CASES["masked"]), "é\ud800", *CASES["untouched"]]
    suspicious = set(redact.suspicious(texts))
    assert {at for at, text in enumerate(texts) if redact(text) is not text} <= suspicious
    assert suspicious == {at for at, text in enumerate(texts) if redact.suspects(text)}
    assert redact.suspicious([]) == redact.suspicious(["SELECT 1"] * 9) == []


def test_rules_of_the_user() -> None:
    redactor = Redactor(
        KEY, [user_rule("internal_token", "tok_[a-z0-9]{20}"), user_rule("seat", "seat (?P<secret>é+)")]
    )
    text = f"\ud800 é tok_{'a1' * 10} took seat éé in é"
    assert (
        re.sub(":[0-9a-f]{10}>", ">", redactor(text))
        == "\ud800 é <redacted:internal_token> took seat <redacted:seat> in é"
    )
    assert redactor(redactor(text)) == redactor(text)
    assert redactor.suspicious(["a", text, "b"]) == [1]
    assert redactor("a") == "a"


FILLER = st.text(alphabet="ab'\"\\$;=/*-:\n{}[], ", max_size=20)
BARE = st.text(alphabet="abcXYZ019_+-.!#*", min_size=6, max_size=20)


@given(FILLER, FILLER, st.integers(0, 10**6), st.data())
def test_planted_secrets_never_survive(before: str, after: str, seed: int, data: st.DataObject) -> None:
    secrets = made_up(seed)
    del secrets["PK"], secrets["SLACK_HOOK"], secrets["AWS_SECRET"], secrets["PEM_LINE"]
    name = data.draw(st.sampled_from(sorted(secrets)))
    secret = secrets[name]
    once = redact(f"{before} {secret} {after}")
    assert not set(re.findall(r"\w{12,}", secret.replace("PRIVATE KEY", ""))) & set(re.findall(r"\w{12,}", once))
    assert redact(once) == once


@given(FILLER, FILLER, BARE, st.sampled_from([
    "PGPASSWORD={}", "password={}", "?token={}&", "Authorization: Bearer {}", "postgres://u:{}@h/d", "Cookie: s={};",
    "ALTER ROLE a PASSWORD '{}'", '"password": "{}"', '\\"secret\\":\\"{}\\"', "x-api-key: {}",
    "aws_secret_access_key = '{}'", "PASSWORD $x${}$x$", "password := '{}'",
]))  # fmt: skip
def test_planted_values_never_survive(before: str, after: str, secret: str, form: str) -> None:
    secret = f"Qq7{secret}zZ"
    once = redact(f"{before} {form.format(secret)} {after}")
    assert secret not in once
    assert redact(once) == once


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


PIECES = st.sampled_from([
    "password", "passwd", "=", ":", "'", '"', "\\", "''", "$$", "$a$", " ", "\n", "x1", "://", "u", "@", "token",
    "cookie: ", "a=b", ";", ",", "&", "authorization: ", "bearer ", "basic ", "E'", "abcdef123456", "{", "}", "[",
    "]", "\\u0027", "é", "<redacted:password:0123456789>", "<redacted:", "%3D", "(", ")", "set-", "-----BEGIN ",
    "PRIVATE KEY-----", "eyJ", ".",
])  # fmt: skip


@given(st.lists(PIECES, max_size=25).map("".join))
def test_twice_is_once(text: str) -> None:
    once = redact(text)
    assert redact(once) == once
    assert once == text or redact.suspects(text)


@given(
    st.dictionaries(
        st.sampled_from(["password", "a", "cookie", "token", "authorization"]),
        st.recursive(st.lists(PIECES, max_size=8).map("".join) | st.integers(0, 10**9), st.lists, max_leaves=5),
    )
)
def test_json_stays_json(fields: dict[str, object]) -> None:
    text = orjson.dumps(fields).decode()
    once = redact(text)
    assert list(orjson.loads(once)) == list(fields)
    assert redact(once) == once


def test_a_key_of_many_lines_is_one_record() -> None:
    log = make_format("plain", FormatSettings(redact=redact))
    pem = made_up(3)["PEM"]
    records = join_records(log, ["before", *f"key: {pem}".split("\n"), "after"])
    assert [record.partition("\n")[0] for record in records] == ["before", records[1].partition("\n")[0], "after"]
    kept = log.parse(records[1]).line
    assert [line for line in pem.split("\n")[1:-1] if line in kept] == []


def test_attributes_show_what_the_line_shows() -> None:
    record = "Authorization: Bearer Abc1.Xyz9 from 192.0.2.7 password=192.0.2.9 password=eve as eve"
    line = redact(record)
    out = redact.attributes(record, line, {
        "rest": "Bearer Abc1.Xyz9 from", "part": "c1.Xyz9 f", "inner": "Xyz9", "table": "abc1.xyz9",
        "client": "192.0.2.7",
        "user": "eve", "own": "password=eve as", "operation": "Xyz9", "decoded": "not in it",
    })  # fmt: skip
    mark = MARK.findall(line)[0]
    assert out == {
        "rest": f"Bearer {mark} from", "part": mark, "inner": mark, "table": mark, "client": "192.0.2.7",
        "user": "eve", "own": f"password={MARK.findall(line)[2]} as", "operation": "Xyz9", "decoded": "not in it",
    }  # fmt: skip
    known = redact.attributes(record, line, {"client": "192.0.2.9", "port": "Xyz9"})
    assert known == {"client": "192.0.2.9", "port": mark}, "an address that a session is known by is nobody's to hide"
    assert redact.attributes("a", "a", {"b": "c"}) == {"b": "c"}
