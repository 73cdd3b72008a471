"""The lab's certificate authority and one certificate a host (real installations bring their own)."""

from __future__ import annotations

import datetime as dt
import ipaddress
from collections.abc import Iterable
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from lab.layout import TLS_DIR, Host

LIFETIME = dt.timedelta(days=365)
RENEW_BEFORE = dt.timedelta(days=30)


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    path.touch(mode=0o600)
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _fresh(path: Path, now: dt.datetime) -> bool:
    if not path.exists():
        return False
    return x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc - now > RENEW_BEFORE


def _authority(folder: Path, now: dt.datetime) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey, bool]:
    certificate_path, key_path = folder / "ca.crt", folder / "ca.key"
    if _fresh(certificate_path, now) and key_path.exists():
        key = serialization.load_pem_private_key(key_path.read_bytes(), password=None)
        if isinstance(key, ec.EllipticCurvePrivateKey):
            return x509.load_pem_x509_certificate(certificate_path.read_bytes()), key, False
    key = ec.generate_private_key(ec.SECP256R1())
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(_name("WhatsApp lab CA"))
        .issuer_name(_name("WhatsApp lab CA"))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate_path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    _write_key(key_path, key)
    return certificate, key, True


def ensure(hosts: Iterable[Host], now: dt.datetime, folder: Path = TLS_DIR) -> list[str]:
    """Make what is missing or about to expire; return the names of the certificates made."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    authority, authority_key, renewed = _authority(folder, now)
    made = ["ca"] if renewed else []
    for host in hosts:
        path = folder / f"{host.name}.crt"
        if not renewed and _fresh(path, now):
            continue
        certificate, key = _issue(host, (authority, authority_key), now, LIFETIME)
        path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        _write_key(folder / f"{host.name}.key", key)
        made.append(host.name)
    return made


def issue(host: Host, now: dt.datetime, lifetime: dt.timedelta, folder: Path = TLS_DIR) -> tuple[str, str]:
    """Return a certificate and its key, PEM, of the lab's authority for that time; nothing is written."""
    authority, authority_key, _ = _authority(folder, now)
    certificate, key = _issue(host, (authority, authority_key), now, lifetime)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode(), private.decode()


def _issue(
    host: Host,
    authority: tuple[x509.Certificate, ec.EllipticCurvePrivateKey],
    now: dt.datetime,
    lifetime: dt.timedelta,
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    names = [
        x509.DNSName(host.name),
        x509.DNSName("localhost"),
        x509.IPAddress(ipaddress.ip_address(host.address)),
        x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
    ]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(_name(host.name))
        .issuer_name(authority[0].subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + lifetime)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority[1].public_key()), critical=False
        )
        .sign(authority[1], hashes.SHA256())
    )
    return certificate, key
