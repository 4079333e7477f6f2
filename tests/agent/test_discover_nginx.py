"""nginx's logs, as its configuration names them."""

from pathlib import Path

from whodid.agent.discover_nginx import discover_nginx


def put(root: Path, name: str, content: str = "") -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


CONFIG = """
http {
    log_format timed '$remote_addr "$request" $status $request_time';
    access_log /var/log/nginx/access.log;
    error_log /var/log/nginx/error.log warn;
    include sites-enabled/*;
}
"""
SITE = "server { access_log /srv/shop/access.log timed; error_log /srv/shop/error.log; }"


def test_each_format_has_its_own_source(tmp_path: Path) -> None:
    put(tmp_path, "etc/nginx/nginx.conf", CONFIG)
    put(tmp_path, "etc/nginx/sites-enabled/shop", SITE)
    for name in ("var/log/nginx/access.log", "var/log/nginx/error.log", "srv/shop/access.log", "srv/shop/error.log"):
        put(tmp_path, name)
    sources = {(s.job, s.paths): s.options for s in discover_nginx(tmp_path)}
    assert sources == {
        ("nginx-access", (f"{tmp_path}/var/log/nginx/access.log",)): {},
        ("nginx-access", (f"{tmp_path}/srv/shop/access.log",)): {
            "log_format": '$remote_addr "$request" $status $request_time',
            "escape": "default",
        },
        ("nginx-error", (f"{tmp_path}/var/log/nginx/error.log", f"{tmp_path}/srv/shop/error.log")): {},
    }


def test_without_a_configuration_the_usual_files(tmp_path: Path) -> None:
    put(tmp_path, "var/log/nginx/access.log")
    (source,) = discover_nginx(tmp_path)
    assert (source.job, source.options) == ("nginx-access", {})


def test_nothing_there(tmp_path: Path) -> None:
    put(tmp_path, "etc/nginx/nginx.conf", CONFIG)
    assert discover_nginx(tmp_path) == []
