"""One run at a time, and a record of every run."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from whatsapp_service.ops.job_lock import JOBS, job_lock
from whatsapp_service.ops.texts import Texts

from .conftest import Installation


@pytest.mark.parametrize("job", ["backup", "cleanup", "reindex", "report"])
def test_a_job_that_is_running_is_refused_and_leaves_the_record_to_the_other(
    filled: Installation, job: str
) -> None:
    with job_lock(filled.database.parent, job, Texts("es")):
        result = filled.run(job)

    assert result.code == 1
    assert f"{job} ya está en ejecución" in result.err
    assert not (filled.textfiles / f"whatsapp_{job}.prom").exists()
    assert filled.maintenance() == []


@pytest.mark.parametrize("running", JOBS)
def test_a_restore_runs_beside_no_job(filled: Installation, running: str) -> None:
    filled.run("backup")

    with job_lock(filled.database.parent, running, Texts("es")):
        result = filled.run("restore", "--latest", "--yes")

    assert result.code == 1
    assert "ya está en ejecución" in result.err


def test_the_lock_is_free_again_after_a_run(filled: Installation) -> None:
    first = filled.run("cleanup")
    second = filled.run("cleanup")

    assert first.code == second.code == 0
    assert filled.maintenance() == [("DATA_CLEANUP", "ok"), ("DATA_CLEANUP", "ok")]


def test_a_run_that_cannot_write_its_metrics_is_not_a_failed_run(filled: Installation) -> None:
    filled.textfiles.rmdir()

    result = filled.run("cleanup")

    assert result.code == 0
    assert "no se escribieron las métricas" in result.err
    assert filled.maintenance() == [("DATA_CLEANUP", "ok")]


def test_without_a_textfile_directory_no_metrics_are_written(filled: Installation) -> None:
    filled.environ["TEXTFILE_DIR"] = ""

    result = filled.run("cleanup")

    assert result.code == 0
    assert result.err == ""
    assert list(filled.textfiles.iterdir()) == []


def test_an_interrupted_job_is_recorded_as_failed_and_cleans_up(filled: Installation) -> None:
    # The backup waits for the lock that this exclusive transaction holds, so the signal finds it at work.
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLD_EXCLUSIVE, str(filled.database)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        job = subprocess.Popen(
            [sys.executable, "-m", "whatsapp_service.ops", "cleanup"],
            env={**os.environ, **filled.environ},
            stderr=subprocess.PIPE,
        )
        with job:
            _wait_for(filled.database.parent / ".whatsapp-ops-cleanup.lock")
            job.send_signal(signal.SIGTERM)
            holder.communicate(timeout=30)
            job.communicate(timeout=60)

    assert job.returncode == 128 + signal.SIGTERM
    assert filled.metrics("cleanup")["whatsapp_job_success"] == 0.0
    assert filled.maintenance() == [("DATA_CLEANUP", "error")]


_HOLD_EXCLUSIVE = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
sys.stdout.write("held\\n"); sys.stdout.flush(); sys.stdin.read()
connection.execute("ROLLBACK")
"""


def _wait_for(path: Path) -> None:
    deadline = time.monotonic() + 30
    while not path.exists() and time.monotonic() < deadline:
        os.sched_yield()
    assert path.exists()
