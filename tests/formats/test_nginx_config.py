"""What is read out of nginx's configuration, and what people paste of it."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whodid.formats import FormatError
from whodid.formats.nginx_config import AccessLog, given_format, nginx_logs
from whodid.formats.nginx_format import COMBINED

CONFIG = r"""
user www-data;  # who; "it" is {
error_log /var/log/nginx/error.log warn;
events { worker_connections 768; }
http {
    log_format main '$remote_addr - "$request" '
                    "$status \"$http_user_agent\"";
    log_format json escape=json '{"ip":"$remote_addr",'
        '"st":$status}';
    set_real_ip_from 10.0.0.0/8; set_real_ip_from 2001:db8::/32;
    access_log /var/log/nginx/access.log;
    map $http_upgrade $up { default upgrade; '' close; "~^(?<a>\d{2});$" 'x;y'; }
    include conf.d/*.conf;
    server {
        server_name shop.example;
        access_log /var/log/nginx/shop.log json buffer=32k;
        access_log logs/relative.log main if=$loggable;
        access_log syslog:server=unix:/dev/log main;
        access_log /var/log/nginx/$host.log main;
        location / { access_log off; }
        location ~ \.php$ { access_log /var/log/nginx/php.log missing; error_log logs/php-error.log; }
        location ~* "^/(a{2}|b)" { return 200 "it's; }"; }
    }
}
stream { log_format main '$protocol'; access_log /var/log/nginx/stream.log main; error_log /dev/null; }
"""
INCLUDED = "server { access_log /var/log/nginx/other.log main; access_log /var/log/nginx/packed.gz main gzip; }"


def included(pattern: str) -> Sequence[str]:
    assert pattern == "conf.d/*.conf"
    return [INCLUDED]


def test_a_configuration() -> None:
    logs = nginx_logs(CONFIG, included)
    main = '$remote_addr - "$request" $status "$http_user_agent"'
    assert logs.access == (
        AccessLog("/var/log/nginx/access.log", COMBINED),
        AccessLog("/var/log/nginx/other.log", main),
        AccessLog("/var/log/nginx/shop.log", '{"ip":"$remote_addr","st":$status}', "json"),
        AccessLog("/etc/nginx/logs/relative.log", main),
    )
    assert logs.errors == ("/var/log/nginx/error.log", "/etc/nginx/logs/php-error.log")
    assert logs.real_ip_from == ("10.0.0.0/8", "2001:db8::/32")
    assert logs.elsewhere == ("syslog:server=unix:/dev/log", "/var/log/nginx/$host.log")
    assert logs.undefined == ("missing",)


def test_a_file_that_includes_itself_ends() -> None:
    assert nginx_logs("include me; error_log /a;", lambda _: ["include me; error_log /b;"]).errors == ("/b", "/a")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("combined", ("combined", "")),
        ('$remote_addr "$request"', ('$remote_addr "$request"', "")),
        ("'$remote_addr '\n   '\"$request\"'", ('$remote_addr "$request"', "")),
        ("'$remote_addr '\n   '\"$request\"';", ('$remote_addr "$request"', "")),
        ("log_format x '$remote_addr';", ("$remote_addr", "")),
        ("  log_format x escape=json '{' '}'", ("{}", "json")),
        ("escape=none '$remote_addr'", ("$remote_addr", "none")),
        ("log_format x '$remote_addr\\t$status';", ("$remote_addr\t$status", "")),
        ("'$remote_addr' is not all quoted", ("'$remote_addr' is not all quoted", "")),
    ],
)
def test_what_is_pasted_as_log_format(text: str, meant: tuple[str, str]) -> None:
    assert given_format(text) == meant


@pytest.mark.parametrize("text", ["log_format x;", "escape=json", "log_format x escape=json"])
def test_half_a_directive(text: str) -> None:
    with pytest.raises(FormatError, match="without a text"):
        given_format(text)


PIECES = st.sampled_from(
    ["{", "}", ";", "'", '"', "\\", "#", "\n", " ", "include x", "access_log /a main", "log_format"]
)


@given(st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=20).map(" ".join)))
def test_no_configuration_is_too_odd(text: str) -> None:
    nginx_logs(text, lambda _: [text])


def test_files_that_include_each_other_many_times_end() -> None:
    assert nginx_logs("include a; include b; include c;", lambda _: ["include a; include b; error_log /x;"]).errors == (
        "/x",
    )


def test_deep_blocks_end() -> None:
    assert nginx_logs("a {" * 5000 + "error_log /x;", lambda _: []).errors == ("/x",)
