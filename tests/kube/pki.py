"""Keys and certificates of a control plane for tests, made by openssl."""
import subprocess

_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


def _openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=120)


def authority(folder):
    """(certificate file, key file) of a new CA."""
    certificate, key = folder / "ca.crt", folder / "ca.key"
    _openssl("req", "-x509", *_KEY, "-days", 2, "-subj", "/CN=squall-tests", "-out", certificate,
             "-keyout", key)
    return certificate, key


def issue(folder, ca, name, user, groups=(), hosts=""):
    """(certificate file, key file): `user` in `groups` for Kubernetes, or a server for `hosts`, a
    subjectAltName."""
    certificate, key = folder / f"{name}.crt", folder / f"{name}.key"
    request, extensions = folder / f"{name}.csr", folder / f"{name}.ext"
    subject = "".join(f"/O={group}" for group in groups) + f"/CN={user}"
    extensions.write_text("extendedKeyUsage=clientAuth,serverAuth\n" +
                          (f"subjectAltName={hosts}\n" if hosts else ""))
    _openssl("req", "-new", *_KEY, "-subj", subject, "-out", request, "-keyout", key)
    _openssl("x509", "-req", "-in", request, "-CA", ca[0], "-CAkey", ca[1], "-CAcreateserial",
             "-days", 2, "-extfile", extensions, "-out", certificate)
    return certificate, key


def signing_key(folder):
    """(private key, public key) for service account tokens."""
    key, public = folder / "service-accounts.key", folder / "service-accounts.pub"
    _openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", key)
    _openssl("pkey", "-in", key, "-pubout", "-out", public)
    return key, public
