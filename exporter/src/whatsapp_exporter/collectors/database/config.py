"""The section `database`."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator
from whatsapp_database import UnsupportedUrlError, open_database

from whatsapp_exporter.section import CollectorConfig, Duration


class DatabaseConfig(CollectorConfig):
    """`url`: `file:/path` or a libSQL server's address. `auth_token_file`: the file with its token.

    `without_status_after`: seconds after which a message that was sent and of which no status came is counted
    as without status, as long as it was sent within the last day; in whole minutes, up to 23 hours.
    """

    url: str = Field(min_length=1)
    auth_token_file: Path | None = None
    without_status_after: Annotated[Duration, Field(ge=60, le=82_800, multiple_of=60)] = 900.0

    @field_validator("url")
    @classmethod
    def _supported(cls, value: str) -> str:
        if value.partition(":")[0] in {"ws", "wss"}:  # opening one of these needs the event loop
            return value
        try:
            open_database(value, read_only=True)
        except UnsupportedUrlError as error:
            raise ValueError(str(error)) from error
        return value
