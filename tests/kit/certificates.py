"""Certificates for tests, made with openssl: an authority, a server of 127.0.0.1 and a client."""

import subprocess
from pathlib import Path


def make_certificates(directory: Path) -> None:
    """Writes ca.pem, server.pem, server.key, client.pem and client.key."""
    _run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30",
         "-subj", "/CN=test authority", "-keyout", directory / "ca.key", "-out", directory / "ca.pem",
         "-addext", "keyUsage=critical,keyCertSign,cRLSign")  # fmt: skip
    for name in ("server", "client"):
        key, request, more = (directory / f"{name}.{kind}" for kind in ("key", "csr", "ext"))
        more.write_text(
            "subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n"
            "keyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth,clientAuth\n"
        )
        _run("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
             "-subj", f"/CN={name}", "-keyout", key, "-out", request)  # fmt: skip
        _run("x509", "-req", "-in", request, "-CA", directory / "ca.pem", "-CAkey", directory / "ca.key",
             "-CAcreateserial", "-days", "30", "-extfile", more, "-out", directory / f"{name}.pem")  # fmt: skip


def _run(*words: object) -> None:
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)
