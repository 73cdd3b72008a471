"""The directory of backups: names, manifests, listing and retention.

A backup is ``whatsapp_notifications_YYYYMMDD_HHMMSS.db.gz`` (the manual's name, time in the operators' zone)
with its manifest ``….json`` beside it. The manifest is written last, so a backup without one never finished.
"""

import hashlib
import re
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import orjson
from pydantic import TypeAdapter, ValidationError

from whatsapp_service.ops.atomic_file import write_atomically
from whatsapp_service.ops.errors import PermanentError
from whatsapp_service.ops.texts import Texts

TIMESTAMP_PATTERN = re.compile(r"\d{8}_\d{6}")
CHUNK_BYTES = 1024 * 1024

_PREFIX = "whatsapp_notifications_"
_NAME = re.compile(rf"{_PREFIX}(\d{{8}}_\d{{6}})\.(db\.gz|json)")


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds. Times are UTC text as in the database, sizes bytes, sums SHA-256 in hex."""

    timestamp: str
    file: str
    created_at: str
    finished_at: str
    schema_version: int
    rows: dict[str, int]
    size_bytes: int
    sha256: str
    database_size_bytes: int
    database_sha256: str
    sqlite_version: str

    @property
    def total_rows(self) -> int:
        """Rows of all tables together."""
        return sum(self.rows.values())


_MANIFEST = TypeAdapter(Manifest)


@dataclass(frozen=True, slots=True)
class BackupEntry:
    """One backup in the directory; `manifest` is None when it is incomplete."""

    timestamp: str
    data: Path
    manifest_path: Path
    manifest: Manifest | None


class BackupArchive:
    """The backups in one directory."""

    def __init__(self, directory: Path, zone: ZoneInfo, texts: Texts) -> None:
        """Nothing is read or created yet; `zone` is the one of the names' times."""
        self.directory = directory
        self._zone = zone
        self._texts = texts

    def timestamp_of(self, moment: datetime) -> str:
        """The name's time for a backup taken at `moment`."""
        return moment.astimezone(self._zone).strftime("%Y%m%d_%H%M%S")

    def data_path(self, timestamp: str) -> Path:
        """Where the compressed database of that backup is."""
        return self.directory / f"{_PREFIX}{timestamp}.db.gz"

    def manifest_path(self, timestamp: str) -> Path:
        """Where the manifest of that backup is."""
        return self.directory / f"{_PREFIX}{timestamp}.json"

    def entries(self) -> list[BackupEntry]:
        """All backups, newest first, incomplete ones too.

        Raises:
            OSError: the directory cannot be read, other than by being absent.
        """
        timestamps = {
            match[1]
            for path in (self.directory.iterdir() if self.directory.is_dir() else ())
            if (match := _NAME.fullmatch(path.name))
        }
        return [self._entry(timestamp) for timestamp in sorted(timestamps, reverse=True)]

    def complete(self) -> list[BackupEntry]:
        """The backups that finished, newest first."""
        return [entry for entry in self.entries() if entry.manifest is not None]

    def find(self, timestamp: str | None) -> BackupEntry:
        """The complete backup of that time, or the newest for None.

        Raises:
            PermanentError: there is none.
        """
        complete = self.complete()
        if timestamp is None and not complete:
            raise PermanentError(self._texts("restore_none", path=self.directory))
        for entry in complete:
            if timestamp in {None, entry.timestamp}:
                return entry
        raise PermanentError(self._texts("restore_not_found", timestamp=timestamp, path=self.directory))

    def write_manifest(self, manifest: Manifest) -> None:
        """Make the backup count.

        Raises:
            OSError: the directory is full or not writable.
        """
        content = orjson.dumps(asdict(manifest), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
        write_atomically(self.manifest_path(manifest.timestamp), content, mode=0o640)

    def prune(self, *, now: datetime, keep: timedelta) -> list[str]:
        """Delete backups, complete or not, that were written longer than `keep` ago; return their times.

        The newest complete backup always stays, however old: without it nothing could be restored.
        Each manifest goes first, so that an interruption leaves an incomplete backup, not a false one.

        Raises:
            OSError: a file cannot be deleted.
        """
        entries = self.entries()
        newest = next((entry.timestamp for entry in entries if entry.manifest is not None), None)
        deleted = []
        for entry in entries:
            if entry.timestamp == newest or not self._older(entry.timestamp, now - keep):
                continue
            entry.manifest_path.unlink(missing_ok=True)
            entry.data.unlink(missing_ok=True)
            deleted.append(entry.timestamp)
        return deleted

    def _older(self, timestamp: str, limit: datetime) -> bool:
        try:
            written = datetime.strptime(timestamp, "%Y%m%d_%H%M%S").replace(tzinfo=self._zone)
        except ValueError:
            return False  # digits that are no date: not ours to delete
        return written < limit

    def _entry(self, timestamp: str) -> BackupEntry:
        data, manifest_path = self.data_path(timestamp), self.manifest_path(timestamp)
        manifest = read_manifest(manifest_path) if data.is_file() else None
        return BackupEntry(timestamp, data, manifest_path, manifest)


def read_manifest(path: Path) -> Manifest | None:
    """The manifest at `path`, or None when it is missing or is not one."""
    try:
        return _MANIFEST.validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


def file_sha256(path: Path) -> str:
    """SHA-256 of a file in hex, read in pieces.

    Raises:
        OSError: the file cannot be read.
    """
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
