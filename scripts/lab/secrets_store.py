"""The lab's secrets: random, made once, one file each under `.lab/secrets/` (0600), read by the inventory."""

from __future__ import annotations

import secrets
import string

from lab.errors import LabError
from lab.layout import SECRETS_DIR

LETTERS = string.ascii_letters + string.digits
# bcrypt wants 22 characters of its own alphabet, and the last one carries two bits only.
BCRYPT_SALT_LENGTH = 22
BCRYPT_LAST = ".Oeu"

# Name -> number of random characters.
NAMES = {
    "api_key_monitor": 40,
    "api_key_operate": 40,
    "api_key_traffic": 40,
    "grafana_admin_password": 24,
    "metrics_password": 32,
    "ops_password": 24,
    "redis_monitor_password": 32,
    "redis_password": 32,
    "slack_path": 24,
    "smtp_password": 24,
    "sns_access_key": 20,
    "sns_secret_key": 40,
    "whatsapp_access_token": 120,
    "whatsapp_app_secret": 32,
    "whatsapp_verify_token": 32,
}
SALTS = ("metrics_salt", "ops_salt")


def ensure() -> list[str]:
    """Make the secrets that are missing; return their names."""
    SECRETS_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = []
    values = {name: "".join(secrets.choice(LETTERS) for _ in range(length)) for name, length in NAMES.items()}
    for name in SALTS:
        body = "".join(secrets.choice(LETTERS) for _ in range(BCRYPT_SALT_LENGTH - 1))
        values[name] = body + secrets.choice(BCRYPT_LAST)
    for name, value in values.items():
        path = SECRETS_DIR / name
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(value)
            made.append(name)
    return made


def read(name: str) -> str:
    """Return one secret.

    Raises:
        LabError: when the lab has not been made.
    """
    path = SECRETS_DIR / name
    try:
        return path.read_text()
    except FileNotFoundError as error:
        raise LabError(f"the lab's secret {name} is missing: run scripts/up") from error
