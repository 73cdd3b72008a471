"""Go's names of cipher suites and curves, as the web configuration spells them, and OpenSSL's.

Only what Go counts as secure (https://pkg.go.dev/crypto/tls#CipherSuites) is in the tables.
"""

from collections.abc import Mapping

OPENSSL_CIPHERS: Mapping[str, str] = {
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256": "ECDHE-ECDSA-AES128-GCM-SHA256",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256": "ECDHE-RSA-AES128-GCM-SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384": "ECDHE-ECDSA-AES256-GCM-SHA384",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": "ECDHE-RSA-AES256-GCM-SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-ECDSA-CHACHA20-POLY1305",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-RSA-CHACHA20-POLY1305",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA": "ECDHE-ECDSA-AES128-SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA": "ECDHE-RSA-AES128-SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA": "ECDHE-ECDSA-AES256-SHA",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA": "ECDHE-RSA-AES256-SHA",
}
"""Suites of TLS 1.2."""

TLS13_SUITES = frozenset({"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"})
"""Suites of TLS 1.3: always all of them, in Go as in Python's ssl."""

OPENSSL_CURVES: Mapping[str, str] = {
    "CurveP256": "prime256v1",
    "CurveP384": "secp384r1",
    "CurveP521": "secp521r1",
    "X25519": "X25519",
}


def check_cipher_suite(name: str) -> str:
    """Return the name when it is one that can be chosen. Raises ValueError."""
    if name in TLS13_SUITES:
        raise ValueError("the suites of TLS 1.3 cannot be chosen, they are always all there: remove it")
    if name not in OPENSSL_CIPHERS:
        raise ValueError(
            "not one of Go's secure suites of TLS 1.2 (https://pkg.go.dev/crypto/tls#CipherSuites)"
        )
    return name


def check_curve(name: str) -> str:
    """Return the name when it is one that can be chosen. Raises ValueError."""
    if name not in OPENSSL_CURVES:
        raise ValueError(f"must be one of {', '.join(OPENSSL_CURVES)}")
    return name
