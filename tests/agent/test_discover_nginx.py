"""Which logs of nginx are found, on machines made of temporary directories."""

from pathlib import Path

from whodid.agent.discover_nginx import discover_nginx, read_nginx
from whodid.agent.settings import SourceSettings
from whodid.formats import FormatSettings, make_format

CONFIG = """
error_log /var/log/nginx/error.log;
http {
    log_format timed '$remote_addr [$time_local] "$request" $status rt=$request_time';
    log_format json escape=json '{"ip":"$remote_addr","status":"$status"}';
    access_log /var/log/nginx/access.log;
    include /etc/nginx/conf.d/*.conf;
    include sites-enabled/*;
}
"""


def put(root: Path, name: str, content: str = "") -> str:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return str(path)


def test_each_file_with_its_format(tmp_path: Path) -> None:
    put(tmp_path, "etc/nginx/nginx.conf", CONFIG)
    put(tmp_path, "etc/nginx/conf.d/a.conf", "server { access_log /var/log/nginx/a.log timed; }")
    put(tmp_path, "etc/nginx/sites-enabled/shop", "server { access_log /var/log/nginx/shop.log json; }")
    put(
        tmp_path,
        "etc/nginx/sites-enabled/two",
        "server { access_log /var/log/nginx/two.log timed; access_log logs/gone x; }",
    )
    names = ("access", "a", "shop", "two", "error")
    access, a, shop, two, error = (put(tmp_path, f"var/log/nginx/{name}.log") for name in names)
    timed = {"log_format": '$remote_addr [$time_local] "$request" $status rt=$request_time', "escape": "default"}
    json = {"log_format": '{"ip":"$remote_addr","status":"$status"}', "escape": "json"}
    assert discover_nginx(tmp_path) == [
        SourceSettings("nginx", "nginx_access", (access,)),
        SourceSettings("nginx", "nginx_access", (a, two), options=timed),
        SourceSettings("nginx", "nginx_access", (shop,), options=json),
        SourceSettings("nginx-error", "nginx_error", (error,)),
    ]
    for source in discover_nginx(tmp_path):
        make_format(source.format, FormatSettings(options=dict(source.options)))
    logs = read_nginx(tmp_path)
    assert logs is not None and logs.undefined == ("x",)


def test_usual_files_without_a_configuration(tmp_path: Path) -> None:
    access = put(tmp_path, "var/log/nginx/access.log")
    assert discover_nginx(tmp_path) == [SourceSettings("nginx", "nginx_access", (access,))]
    error = put(tmp_path, "var/log/nginx/error.log")
    assert discover_nginx(tmp_path)[1:] == [SourceSettings("nginx-error", "nginx_error", (error,))]


def test_odd_configurations_find_what_they_can(tmp_path: Path) -> None:
    put(tmp_path, "etc/nginx/nginx.conf", "log_format x 'no variable'; access_log /var/log/odd.log x; include ../../*;")
    odd = put(tmp_path, "var/log/odd.log")
    assert discover_nginx(tmp_path) == [SourceSettings("nginx", "nginx_access", (odd,))]
    assert discover_nginx(tmp_path / "absent") == []
