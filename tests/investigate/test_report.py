"""The report: one plain sentence first, the reasons below, and nothing that could steer a terminal."""

from kit.stories import Log, instant, people_of, rows_of
from whodid.investigate import find, render

PEOPLE = people_of(
    {
        "noa": {"name": "Noa Adler", "ssh_keys": ["SHA256:noa"]},
        "daniel": {"name": "Daniel Weiss", "ssh_keys": ["SHA256:daniel"]},
    }
)


async def report(table: str) -> str:
    return render(await find(Log(rows_of(table)).fetch, PEOPLE, instant("01:00:00"), instant("06:00:00")))


async def test_the_first_line_is_the_answer() -> None:
    text = await report("""
        03:52:50 ssh login @user=deploy @client=192.0.2.77 @port=5001 @key=SHA256:noa
        03:53:06 db 41 connect @client=192.0.2.77
        03:53:06 db 41 login @user=shop @db=store @app=psql
        03:53:07 db 41 sql TRUNCATE "User" CASCADE;
        03:53:07 db 41 duration
        03:55:07 db 41 sql DELETE FROM "User";
        03:55:07 db 41 duration
    """)
    assert text.splitlines()[0] == (
        'TRUNCATE "User" took effect at 03:53:07 UTC, by Noa Adler (strong): '
        "their SSH key was used from the same address – "
        '"Accepted publickey for deploy from 192.0.2.77 port 5001 ssh2: ED25519 SHA256:noa" at 03:52:50 UTC.'
        " (one more below)"
    )
    assert "as shop on store from 192.0.2.77 with psql" in text
    assert text.index('TRUNCATE "User" CASCADE;') < text.index('DELETE FROM "User";')


async def test_an_ambiguous_person_is_not_named_as_the_one() -> None:
    text = await report("""
        03:50:00 ssh login @client=192.0.2.77 @port=5001 @key=SHA256:noa
        03:51:00 ssh login @client=192.0.2.77 @port=5002 @key=SHA256:daniel
        03:53:06 db 41 connect @client=192.0.2.77
        03:53:07 db 41 sql DROP TRIGGER keep ON "User"
    """)
    first = text.splitlines()[0]
    assert first.startswith(
        'DROP TRIGGER "keep" on "User" was sent, and the log does not show what came of it, at 03:53:07'
    )
    assert "by Daniel Weiss or Noa Adler (ambiguous: the evidence does not decide between them)" in first
    assert 'perhaps: Noa Adler: their SSH key was used from the same address – "Accepted publickey' in text


async def test_a_suspect_line_is_not_the_headline_and_is_marked() -> None:
    text = await report("""
        03:53:00 db 7 sql @trust=suspect @trust_why="it imitates a log line" DROP DATABASE shop
        03:53:06 db 41 connect @client=192.0.2.77
        03:53:07 db 41 sql DELETE FROM orders
        03:53:07 db 41 duration
    """)
    assert text.startswith(
        'DELETE "orders" took effect at 03:53:07 UTC, by somebody unknown (nothing in the log names a'
    )
    assert "careful: this line could be forged: it imitates a log line" in text


async def test_log_text_cannot_steer_the_terminal() -> None:
    text = await report("""
        03:53:06 db 41 connect @client=192.0.2.77 @app="x\x1b[2J"
        03:53:07 db 41 sql DELETE FROM "a\x1b]0;owned\x07b" -- \x9b31m
        03:53:07 db 41 duration
    """)
    assert not any(char in text for char in "\x1b\x07\x9b")


async def test_nothing_found() -> None:
    assert await report("03:53:07 db 41 sql SELECT 1") == "No dangerous statement was found in this time.\n"


def test_nothing_found_with_the_words_asked_for() -> None:
    """A mistyped table must not read as if nothing had happened."""
    assert render([], ["truncate", "Userr\x1b"]) == (
        'No dangerous statement with "truncate" and "Userr " was found in this time; ask without words for all.\n'
    )


def test_nothing_found_where_nothing_could_be_found() -> None:
    assert render([], has_deeds=False) == (
        "No dangerous statement was found in this time.\n"
        "There are no lines of a database log in this time that say what was done, so there was nothing to judge; "
        "`whodid check` says what is followed.\n"
    )
