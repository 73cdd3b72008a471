"""Gzip of whole files in bounded memory, with the checksums that the manifest needs."""

import gzip
import hashlib
import os
import zlib
from dataclasses import dataclass
from pathlib import Path

from whatsapp_service.ops.backup_archive import CHUNK_BYTES

_LEVEL = 6


@dataclass(frozen=True, slots=True)
class FileSum:
    """Size in bytes and SHA-256 in hex of a file."""

    size: int
    sha256: str


class DamagedArchiveError(Exception):
    """The compressed file is cut short, corrupt, or holds more than it should."""


def compress(source: Path, target: Path, *, mode: int) -> FileSum:
    """Write `source` gzipped to the new file `target`, synced to disk; returns the sum of `source`.

    Raises:
        OSError: `target` exists, or the disk is full.
    """
    digest, size = hashlib.sha256(), 0
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with source.open("rb") as plain, os.fdopen(descriptor, "wb") as raw:
        os.fchmod(raw.fileno(), mode)
        with gzip.GzipFile(
            filename=source.name, mode="wb", compresslevel=_LEVEL, fileobj=raw, mtime=0
        ) as packed:
            while chunk := plain.read(CHUNK_BYTES):
                digest.update(chunk)
                size += len(chunk)
                packed.write(chunk)
        raw.flush()
        os.fsync(raw.fileno())
    return FileSum(size, digest.hexdigest())


def decompress(source: Path, target: Path, *, limit: int) -> FileSum:
    """Write the content of `source` to the new file `target`, synced to disk; returns the sum of the content.

    Raises:
        DamagedArchiveError: `source` is not whole, or would grow beyond `limit` bytes.
        OSError: `target` exists, or the disk is full.
    """
    digest, size = hashlib.sha256(), 0
    try:
        with gzip.open(source, "rb") as packed, target.open("xb") as plain:
            while chunk := packed.read(CHUNK_BYTES):
                size += len(chunk)
                if size > limit:
                    raise DamagedArchiveError(f"more than {limit} bytes")
                digest.update(chunk)
                plain.write(chunk)
            plain.flush()
            os.fsync(plain.fileno())
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DamagedArchiveError(type(error).__name__) from error
    return FileSum(size, digest.hexdigest())
