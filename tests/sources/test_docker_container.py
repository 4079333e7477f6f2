"""What a container is, and what its log is likely to hold."""

import pytest

from whodid.sources.docker_container import Container, Suggestion, read_container, suggest_format

FORMATS = ("plain", "postgres", "nginx_access", "nginx_error", "backend")
POSTGRES = Suggestion("postgres", line_prefix="%m [%p] ")
NGINX = Suggestion("nginx_access", "nginx_error")


@pytest.mark.parametrize(
    ("image", "service", "suggested"),
    [
        ("postgres", "", POSTGRES),
        ("docker.io/library/postgres:15-alpine", "", POSTGRES),
        ("bitnami/postgresql:16", "", POSTGRES),
        ("registry.shop.example:5000/db/postgis@sha256:abcd", "", POSTGRES),
        ("timescale/timescaledb:2", "", POSTGRES),
        ("sha256:0123", "postgres", POSTGRES),
        ("nginx:1.27", "web", NGINX),
        ("localhost/shop-nginx", "", NGINX),
        ("python:3.12", "worker", Suggestion("backend")),
        ("shop/backend:7", "", Suggestion("backend")),
        ("shop:7", "flask", Suggestion("backend")),
        ("redis:7", "cache", Suggestion("plain")),
        ("prometheuscommunity/exporter", "nginxless", Suggestion("plain")),
        ("", "", Suggestion("plain")),
    ],
)
def test_formats_by_name(image: str, service: str, suggested: Suggestion) -> None:
    assert suggest_format(image, service) == suggested


def test_the_containers_own_labels_count_more() -> None:
    labels = {"whodid.format": "postgres", "whodid.job": "database", "whodid.line_prefix": "%t "}
    origin = Container("a" * 64, "db", "mirror:1", labels).origin(FORMATS)
    assert (origin.format, origin.line_prefix, origin.labels["job"]) == ("postgres", "%t ", "database")
    assert Container("a" * 64, "db", "nginx", {"whodid.format": "nonsense"}).origin(FORMATS).format == "nginx_access"


def test_formats_that_are_not_known_are_not_suggested() -> None:
    origin = Container("a" * 64, "web", "nginx").origin(("plain", "nginx_access"))
    assert (origin.format, origin.format_stderr) == ("nginx_access", "")
    assert Container("a" * 64, "web", "gunicorn").origin(("plain",)).format == "plain"


@pytest.mark.parametrize(
    "inspected", [{}, {"Id": 5, "Config": 7, "State": [], "NetworkSettings": {"Networks": {"a": 1}}}]
)
def test_anything_is_read(inspected: dict[str, object]) -> None:
    assert read_container(inspected).id == ""
