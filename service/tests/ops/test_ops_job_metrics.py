"""The files for the node exporter's textfile collector."""

import os
import stat
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families
from whatsapp_service.ops.job_metrics import (
    BACKUP_SIZE,
    LAST_DURATION,
    LAST_RUN,
    LAST_SUCCESS,
    SUCCESS,
    JobRun,
    textfile_path,
    write_job_metrics,
)


def _values(path: Path) -> dict[str, float]:
    families = text_string_to_metric_families(path.read_text(encoding="utf-8"))
    return {sample.name: sample.value for family in families for sample in family.samples}


def test_a_good_run_writes_all_metrics_under_the_job_name(tmp_path: Path) -> None:
    path = write_job_metrics(tmp_path, JobRun("backup", True, 1000.0, 2.5, {BACKUP_SIZE: 4096.0}))

    assert path == textfile_path(tmp_path, "backup") == tmp_path / "whatsapp_backup.prom"
    assert _values(path) == {
        LAST_RUN: 1000.0,
        LAST_SUCCESS: 1000.0,
        LAST_DURATION: 2.5,
        SUCCESS: 1.0,
        BACKUP_SIZE: 4096.0,
    }
    assert 'whatsapp_job_success{job_name="backup"} 1.0' in path.read_text(encoding="utf-8")


def test_a_failed_run_keeps_the_last_success_and_the_last_good_size(tmp_path: Path) -> None:
    write_job_metrics(tmp_path, JobRun("backup", True, 1000.0, 2.5, {BACKUP_SIZE: 4096.0}))

    path = write_job_metrics(tmp_path, JobRun("backup", False, 2000.0, 0.5))

    values = _values(path)
    assert values[SUCCESS] == 0.0
    assert values[LAST_RUN] == 2000.0
    assert values[LAST_SUCCESS] == 1000.0
    assert values[BACKUP_SIZE] == 4096.0


def test_a_job_that_never_ended_well_has_no_last_success(tmp_path: Path) -> None:
    path = write_job_metrics(tmp_path, JobRun("report", False, 2000.0, 0.5))

    assert LAST_SUCCESS not in _values(path)
    assert _values(path)[SUCCESS] == 0.0


def test_a_damaged_file_of_an_earlier_run_is_replaced(tmp_path: Path) -> None:
    textfile_path(tmp_path, "cleanup").write_bytes(b"whatsapp_job_success{ \xff oops")

    path = write_job_metrics(tmp_path, JobRun("cleanup", True, 3000.0, 1.0))

    assert _values(path)[SUCCESS] == 1.0


def test_the_file_is_readable_by_the_node_exporter_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o007)
    try:
        path = write_job_metrics(tmp_path, JobRun("cleanup", True, 3000.0, 1.0))
    finally:
        os.umask(before)

    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert list(tmp_path.iterdir()) == [path]
