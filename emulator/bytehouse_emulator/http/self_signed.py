"""Make a TLS certificate for the emulator, which clients trust by its file."""

from __future__ import annotations

import os
import socket
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

_VALID: timedelta = timedelta(days=365)


def make_certificate(host: str, certificate: Path, key: Path) -> None:
    """Write a certificate for an address, this machine and `localhost`, and its private key.

    Args:
        host: The address that is listened on.
        certificate: File for the certificate (PEM), to give clients as their authority.
        key: File for the key (PEM), which only this user may read.

    Raises:
        RuntimeError: The package cryptography is not installed.
    """
    try:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec
    except ImportError:
        raise RuntimeError(
            "--tls-self-signed needs the package cryptography: pip install cryptography"
        ) from None
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "bytehouse-emulator")])
    addresses = dict.fromkeys([host, "127.0.0.1", "::1"])
    names = [
        *(x509.DNSName(one) for one in dict.fromkeys(["localhost", socket.gethostname()])),
        *(x509.IPAddress(ip_address(one)) for one in addresses),
    ]
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + _VALID)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.SubjectKeyIdentifier.from_public_key(private.public_key()), critical=False
        )
        .sign(private, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    pkcs8 = serialization.PrivateFormat.PKCS8
    with os.fdopen(os.open(key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(private.private_bytes(serialization.Encoding.PEM, pkcs8, plain))
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
