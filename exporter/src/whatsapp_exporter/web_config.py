"""The web configuration file (`--web.config.file`), as Prometheus' exporter-toolkit has it.

https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md
What cannot be done in Python is refused, so that nobody relies on a protection that is not there.
"""

import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StrictBool

from whatsapp_exporter.rate_limit import RateLimit
from whatsapp_exporter.response_headers import check_headers
from whatsapp_exporter.tls import TlsFileError, create_context
from whatsapp_exporter.tls_config import TlsServerConfig
from whatsapp_exporter.yaml_file import ConfigError, load_yaml

__all__ = ["HttpServerConfig", "TlsServerConfig", "WebConfig", "load_web_config", "read_web_config"]

_BCRYPT = re.compile(r"\$2[aby]\$(0[4-9]|1[0-7])\$[./A-Za-z0-9]{53}")


def _bcrypt_hash(value: str) -> str:
    if not _BCRYPT.fullmatch(value):
        raise ValueError("must be a bcrypt hash with a cost of 4 to 17")
    return value


def _user_names(value: object) -> object:
    # Said without the name: with a space forgotten, `user:password` is one.
    if isinstance(value, dict) and any(
        not isinstance(name, str) or not name or ":" in name for name in value
    ):
        raise ValueError("a user name is text, is not empty and has no colon")
    return value


class HttpServerConfig(BaseModel):
    """`http2` is accepted and does nothing: the server speaks HTTP/1.1. `headers` of every response."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    http2: StrictBool = True
    headers: Annotated[dict[str, str], AfterValidator(check_headers)] = Field(default_factory=dict)


class WebConfig(BaseModel):
    """How the exporter's own HTTP server is protected. Empty: plain HTTP for everybody."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tls_server_config: TlsServerConfig | None = None
    http_server_config: HttpServerConfig = Field(default_factory=HttpServerConfig)
    basic_auth_users: Annotated[
        dict[str, Annotated[str, AfterValidator(_bcrypt_hash)]], BeforeValidator(_user_names)
    ] = Field(default_factory=dict, max_length=100, repr=False)
    rate_limit: RateLimit = Field(default_factory=RateLimit)

    @property
    def holds_secrets(self) -> bool:
        """Whether there are passwords' hashes or a private key in the file itself."""
        return bool(self.basic_auth_users) or (
            self.tls_server_config is not None and self.tls_server_config.key is not None
        )


def read_web_config(path: Path) -> WebConfig:
    """Read the file, and not those that it names. Raises ConfigError naming the file and the key."""
    return load_yaml(path, WebConfig)


def load_web_config(path: Path) -> WebConfig:
    """Read the file, try the certificates that it names. Raises ConfigError naming the file and the key."""
    config = read_web_config(path)
    if config.tls_server_config is not None:
        try:
            create_context(config.tls_server_config)
        except TlsFileError as error:
            raise ConfigError(f"{path}: tls_server_config.{error}") from error
    return config
