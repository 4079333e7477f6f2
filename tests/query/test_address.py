"""ip(): addresses within text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whodid.query import address
from whodid.query.errors import QueryError


@pytest.mark.parametrize(
    ("pattern", "text", "holds"),
    [
        ("10.0.0.7", "from 10.0.0.7 port 22", True),
        ("10.0.0.7", "from 10.0.0.70 port 22", False),
        ("10.0.0.7", "from 110.0.0.7", False),
        ("10.0.0.7", "10.0.0.7:8080", True),
        ("10.0.0.7", "it was 10.0.0.7.", False),
        ("10.0.0.7", "code:10.0.0.7", False),
        ("10.0.0.7", "code: 10.0.0.7", True),
        ("10.0.0.7", "at 10:00:00 10.0.0.7", True),
        ("1.2.3.4", "1.2.3.4", True),
        ("1.2.3.4", "1.2.3.4.5 1.2.3.4", True),
        ("2001:db8::17", "2001:db8::17:", False),
        ("::1", "::1", False),
        ("10.0.0.7", "010.0.0.7", False),
        ("10.0.0.0/8", "x 10.200.1.1, 192.168.0.1", True),
        ("10.0.0.5-10.0.0.7", "10.0.0.6", True),
        ("10.0.0.5-10.0.0.7", "10.0.0.8", False),
        ("2001:db8::/32", "client=2001:db8::17 GET", True),
        ("::1", "[::1]:80", True),
        ("2001:db8::/32", "10.0.0.7", False),
        ("0.0.0.0/0", "no address, 1.2.3", False),
    ],
)
def test_contains(pattern: str, text: str, holds: bool) -> None:
    assert address.contains(pattern)(text) is holds


@pytest.mark.parametrize("pattern", ["", "x", "10.0.0.0/40", "10.0.0.9-10.0.0.1", "10.0.0.1-::1", "10.0.0.1 - 9"])
def test_a_bad_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(QueryError, match="ip: invalid pattern"):
        address.contains(pattern)


@given(st.ip_addresses(v=4), st.integers(0, 32), st.ip_addresses(v=4))
def test_a_line_that_matches_holds_the_common_text(network: object, bits: int, other: object) -> None:
    pattern = f"{network}/{bits}"
    text = f"a {other} b"
    assert not address.contains(pattern)(text) or address.common_text(pattern) in text
    assert address.contains(pattern)(f"({network})")
