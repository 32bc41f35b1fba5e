"""Certificates for tests, made by openssl: each function returns (certificate file, key file)."""

import subprocess

_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


def _openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=120)


def self_signed(directory, name):
    """For 127.0.0.1; also a CA of its own."""
    certificate, key = directory / f"{name}.pem", directory / f"{name}.key"
    _openssl("req", "-x509", *_KEY, "-days", 2, "-subj", f"/CN={name}", "-addext",
             "subjectAltName=IP:127.0.0.1", "-out", certificate, "-keyout", key)
    return certificate, key


def signed(directory, name, authority, days=2):
    """Signed by `authority` (certificate, key); -1 days: it has expired."""
    certificate, key = directory / f"{name}.pem", directory / f"{name}.key"
    request = directory / f"{name}.csr"
    _openssl("req", "-new", *_KEY, "-subj", f"/CN={name}", "-out", request, "-keyout", key)
    _openssl("x509", "-req", "-in", request, "-CA", authority[0], "-CAkey", authority[1],
             "-CAcreateserial", "-days", days, "-out", certificate)
    return certificate, key
