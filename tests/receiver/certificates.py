# SPDX-License-Identifier: Apache-2.0
"""certificates.py - a certificate authority and a server certificate for loopback, made by openssl."""

import subprocess
from pathlib import Path

NAMES = "subjectAltName=IP:127.0.0.1,IP:::1,DNS:localhost"


def make_certificates(directory):
    """Makes ca.pem, server.pem and server.key in the directory, unless they are there already."""
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    if not (directory / "server.pem").exists():
        _make_authority(directory)
        _make_server_certificate(directory)
    return directory


def _openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


def _make_authority(directory):
    _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
             "-keyout", directory / "ca.key", "-out", directory / "ca.pem",
             "-subj", "/CN=Cloud Link test authority", "-days", "30",
             "-addext", "basicConstraints=critical,CA:TRUE",
             "-addext", "keyUsage=critical,keyCertSign,cRLSign")


def _make_server_certificate(directory):
    request, extensions = directory / "server.csr", directory / "server.ext"
    extensions.write_text(f"{NAMES}\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n")
    _openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
             "-keyout", directory / "server.key", "-out", request, "-subj", "/CN=localhost")
    _openssl("x509", "-req", "-in", request, "-CA", directory / "ca.pem",
             "-CAkey", directory / "ca.key", "-CAcreateserial", "-days", "30",
             "-extfile", extensions, "-out", directory / "server.pem")
