"""The section `tls_server_config` of the web configuration."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    StrictBool,
    ValidationInfo,
    field_validator,
    model_validator,
)

from whatsapp_exporter.cipher_suites import check_cipher_suite, check_curve


class ClientAuthType(StrEnum):
    """Whether a client shows a certificate, by Go's names.

    `NO_CLIENT_CERT`: it is not asked. `VERIFY_IF_GIVEN`: it may show one, which is verified.
    `REQUIRE_AND_VERIFY`: it must show one, which is verified.
    """

    NO_CLIENT_CERT = "NoClientCert"
    VERIFY_IF_GIVEN = "VerifyClientCertIfGiven"
    REQUIRE_AND_VERIFY = "RequireAndVerifyClientCert"


_UNVERIFIED = frozenset({"RequestClientCert", "RequireAnyClientCert", "RequireClientCert"})


def _blank_is_absent(value: object) -> object:
    return None if value == "" else value


def _client_auth_type(value: object) -> object:
    if value == "":
        return ClientAuthType.NO_CLIENT_CERT
    if isinstance(value, str) and value in _UNVERIFIED:
        raise ValueError(
            "a certificate that nobody verifies protects nothing, and Python's ssl cannot ask for one:"
            " use VerifyClientCertIfGiven or RequireAndVerifyClientCert"
        )
    if not isinstance(value, str) or value not in {kind.value for kind in ClientAuthType}:
        raise ValueError(f"must be one of {', '.join(kind.value for kind in ClientAuthType)}")
    return value


def _tls_version(value: object) -> object:
    if value in {"TLS10", "TLS11"}:
        raise ValueError("TLS before 1.2 is not safe and is not spoken: use TLS12 or TLS13")
    if value not in {"TLS12", "TLS13"}:
        raise ValueError("must be TLS12 or TLS13")
    return value


TlsVersion = Annotated[Literal["TLS12", "TLS13"], BeforeValidator(_tls_version)]
OptionalPath = Annotated[Path | None, BeforeValidator(_blank_is_absent)]
OptionalText = Annotated[str | None, BeforeValidator(_blank_is_absent)]
OptionalSecret = Annotated[SecretStr | None, BeforeValidator(_blank_is_absent)]


class TlsServerConfig(BaseModel):
    """How TLS is spoken. Keys, meanings and defaults are the exporter-toolkit's.

    Each of certificate, key and client CA is a PEM file (a relative path is relative to the web
    configuration's directory) or PEM text in place. What Python's ssl cannot do is refused.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    cert_file: OptionalPath = None
    key_file: OptionalPath = None
    client_ca_file: OptionalPath = None
    cert: OptionalText = None
    key: OptionalSecret = None
    client_ca: OptionalText = None
    client_auth_type: Annotated[ClientAuthType, BeforeValidator(_client_auth_type)] = (
        ClientAuthType.NO_CLIENT_CERT
    )
    client_allowed_sans: (
        Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(max_length=1000)] | None
    ) = None
    min_version: TlsVersion = "TLS12"
    max_version: TlsVersion = "TLS13"
    cipher_suites: tuple[Annotated[str, AfterValidator(check_cipher_suite)], ...] = ()
    prefer_server_cipher_suites: StrictBool = True
    curve_preferences: tuple[Annotated[str, AfterValidator(check_curve)], ...] = ()

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that it names."""
        return tuple(
            path for path in (self.cert_file, self.key_file, self.client_ca_file) if path is not None
        )

    @field_validator("cert_file", "key_file", "client_ca_file")
    @classmethod
    def _absolute(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        directory = info.context["directory"] if info.context else Path()
        return None if value is None else Path(directory, value)

    @field_validator("curve_preferences")
    @classmethod
    def _one_curve(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(value) > 1:
            raise ValueError("Python's ssl can offer one curve or OpenSSL's own list: name one, or none")
        return value

    @field_validator("client_allowed_sans")
    @classmethod
    def _some_name(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if value == ():
            raise ValueError("an empty list lets nobody in: name at least one, or remove the key")
        return value

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        for text, file in (("cert", "cert_file"), ("key", "key_file"), ("client_ca", "client_ca_file")):
            given = [name for name in (text, file) if getattr(self, name) is not None]
            if len(given) > 1:
                raise ValueError(f"{text} and {file} exclude each other")
            if not given and text != "client_ca":
                raise ValueError(f"{text} or {file} is missing")
        return self

    @model_validator(mode="after")
    def _versions(self) -> Self:
        if self.min_version > self.max_version:
            raise ValueError("min_version is higher than max_version")
        if self.cipher_suites and self.min_version == "TLS13":
            raise ValueError("cipher_suites choose among those of TLS 1.2, which min_version excludes")
        return self

    @model_validator(mode="after")
    def _clients(self) -> Self:
        authorities = self.client_ca is not None or self.client_ca_file is not None
        verifies = self.client_auth_type is not ClientAuthType.NO_CLIENT_CERT
        if authorities and not verifies:
            raise ValueError("client_ca and client_ca_file need a client_auth_type that verifies")
        if verifies and not authorities:
            raise ValueError(f"client_auth_type {self.client_auth_type} needs client_ca or client_ca_file")
        if (
            self.client_allowed_sans is not None
            and self.client_auth_type is not ClientAuthType.REQUIRE_AND_VERIFY
        ):
            raise ValueError("client_allowed_sans needs the client_auth_type RequireAndVerifyClientCert")
        return self
