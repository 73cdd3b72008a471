"""One run of a job at a time, also across processes."""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from whatsapp_service.ops.errors import TransientError
from whatsapp_service.ops.texts import Texts


class JobBusyError(TransientError):
    """The job is running already, in this process or another."""


JOBS = ("backup", "cleanup", "reindex", "report", "restore")


@contextmanager
def job_lock(directory: Path, job_name: str, texts: Texts) -> Iterator[None]:
    """Hold the lock of `job_name` while the block runs; the kernel frees it when the process dies.

    Raises:
        JobBusyError: another process holds it.
        OSError: the lock file cannot be created.
    """
    path = directory / f".whatsapp-ops-{job_name}.lock"
    # Group-writable whoever ran first, so that a run by the administrator does not lock out the service's
    # user.
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o660)
    try:
        if os.fstat(descriptor).st_uid == os.geteuid():
            os.fchmod(descriptor, 0o660)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in {errno.EAGAIN, errno.EACCES}:
                raise
            raise JobBusyError(texts("job_running", job=job_name)) from error
        yield
    finally:
        os.close(descriptor)


@contextmanager
def all_job_locks(directory: Path, job_name: str, texts: Texts) -> Iterator[None]:
    """Hold the locks of every job for `job_name`: a restore must not run beside any of them.

    Raises:
        JobBusyError: one of them is running.
    """
    with ExitStack() as stack:
        for name in sorted({*JOBS, job_name}):
            stack.enter_context(job_lock(directory, name, texts))
        yield
