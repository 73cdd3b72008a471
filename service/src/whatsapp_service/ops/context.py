"""What every command works with: the settings, the clocks, and where to write."""

import ssl
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from libsql_client import Client
from pydantic import SecretStr
from whatsapp_database import PoolSettings, file_path, open_database

from whatsapp_service.clock import Clock
from whatsapp_service.ops.backup_archive import BackupArchive
from whatsapp_service.ops.console import Console
from whatsapp_service.ops.errors import PermanentError
from whatsapp_service.ops.mail import MailServer
from whatsapp_service.ops.texts import Texts
from whatsapp_service.settings import Settings

# A command reads and writes one thing at a time, and waits for the service rather than fail.
_POOL = PoolSettings(size=2, max_overflow=0, busy_timeout=30.0)


@dataclass(frozen=True, slots=True)
class OpsContext:
    """One run of ``whatsapp-ops``: `now` gives aware moments, `monotonic` seconds, `tls` whom to trust.

    `operator` is the name under which histories and logs tell who did it.
    """

    settings: Settings
    texts: Texts
    console: Console
    now: Clock
    monotonic: Callable[[], float]
    operator: str
    tls: Callable[[], ssl.SSLContext] = ssl.create_default_context

    @property
    def zone(self) -> ZoneInfo:
        """The operators' time zone."""
        return self.settings.timezone

    def open_database(self, *, create: bool = False, read_only: bool = False) -> Client:
        """A client of the configured database; inside an event loop.

        Raises:
            PermanentError: it is a file that does not exist, and `create` is not set.
            UnsupportedUrlError: the URL is of no known kind.
        """
        settings = self.settings
        if self.has_database_file and not create and not self.database_file().is_file():
            raise PermanentError(self.texts("database_absent", path=self.database_file()))
        token = secret_value(settings.turso_auth_token)
        return open_database(settings.turso_database_url, token, pool=_POOL, read_only=read_only)

    def database_file(self) -> Path:
        """The path of the ``file:`` database.

        Raises:
            PermanentError: the database is on a server.
        """
        if not self.has_database_file:
            raise PermanentError(self.texts("only_file_database"))
        return file_path(self.settings.turso_database_url)

    def archive(self) -> BackupArchive:
        """The directory of backups."""
        return BackupArchive(self.settings.backup_dir, self.zone, self.texts)

    def mail_server(self) -> MailServer | None:
        """Where to send e-mail, or None when no server is set.

        Raises:
            SettingsError: a server is set without sender or recipients.
        """
        settings = self.settings
        if settings.smtp_host is None:
            return None
        settings.require("smtp_from", "smtp_to")
        return MailServer(
            host=settings.smtp_host,
            port=settings.smtp_port,
            sender=settings.smtp_from or "",
            recipients=settings.smtp_to,
            user=settings.smtp_user or "",
            password=secret_value(settings.smtp_password) or "",
        )

    def lock_directory(self) -> Path:
        """Where the jobs' locks are: beside the database, which all who run jobs can write."""
        if self.has_database_file and self.database_file().parent.is_dir():
            return self.database_file().parent
        return Path(tempfile.gettempdir())

    def written_directories(self) -> list[Path]:
        """The directories that grow, for the disk check."""
        database = self.database_file().parent if self.has_database_file else None
        candidates = (self.settings.log_dir, database, self.settings.backup_dir)
        return [path for path in candidates if path is not None]

    @property
    def has_database_file(self) -> bool:
        """Whether the database is a file of this host."""
        return self.settings.turso_database_url.partition(":")[0].lower() == "file"


def secret_value(secret: SecretStr | None) -> str | None:
    """The secret itself, or None when it is not set."""
    return None if secret is None else secret.get_secret_value()
