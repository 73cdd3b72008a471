"""The web configuration file (`--web.config.file`): a subset of Prometheus' exporter-toolkit.

https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md
Keys: `tls_server_config` (`cert_file`, `key_file`, `min_version`) and `basic_auth_users` (user: bcrypt hash).
Any other key of the toolkit is refused, so that nobody relies on a protection that is not there.
"""

import re
import ssl
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from whatsapp_exporter.tls import load_context
from whatsapp_exporter.yaml_file import ConfigError, load_yaml

_BCRYPT = re.compile(r"\$2[aby]\$(0[4-9]|1[0-7])\$[./A-Za-z0-9]{53}")


def _bcrypt_hash(value: str) -> str:
    if not _BCRYPT.fullmatch(value):
        raise ValueError("must be a bcrypt hash with a cost of 4 to 17")
    return value


def _user_name(value: str) -> str:
    if not value or ":" in value:
        raise ValueError("a user name is not empty and has no colon")
    return value


class TlsServerConfig(BaseModel):
    """Certificate chain and private key (PEM); relative paths are relative to the file's directory.

    `min_version`: the lowest TLS version that is spoken; those before TLS 1.2 are refused.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    cert_file: Path
    key_file: Path
    min_version: Literal["TLS12", "TLS13"] = "TLS12"

    @field_validator("cert_file", "key_file")
    @classmethod
    def _absolute(cls, value: Path, info: ValidationInfo) -> Path:
        directory = info.context["directory"] if info.context else Path()
        return Path(directory, value)


class WebConfig(BaseModel):
    """How the exporter's own HTTP server is protected. Empty: plain HTTP for everybody."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tls_server_config: TlsServerConfig | None = None
    basic_auth_users: dict[
        Annotated[str, AfterValidator(_user_name)], Annotated[str, AfterValidator(_bcrypt_hash)]
    ] = Field(default_factory=dict, max_length=100)


def load_web_config(path: Path) -> WebConfig:
    """Read the file and try the certificate. Raises ConfigError naming the file and the key."""
    config = load_yaml(path, WebConfig)
    if config.tls_server_config is not None:
        try:
            tls = config.tls_server_config
            load_context(tls.cert_file, tls.key_file, ssl.TLSVersion.TLSv1_2)
        except OSError as error:
            reason = getattr(error, "strerror", None) or "certificate or key is not usable"
            raise ConfigError(f"{path}: tls_server_config: {reason}") from error
    return config
