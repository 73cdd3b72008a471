"""Outcome of a job as a file for the node exporter's textfile collector.

One file a job (``whatsapp_<job>.prom``), the same metric names and help in all of them, as the collector asks
(https://github.com/prometheus/node_exporter#textfile-collector).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from whatsapp_service.ops.atomic_file import write_atomically

LAST_RUN = "whatsapp_job_last_run_timestamp_seconds"
LAST_SUCCESS = "whatsapp_job_last_success_timestamp_seconds"
LAST_DURATION = "whatsapp_job_last_duration_seconds"
SUCCESS = "whatsapp_job_success"
BACKUP_SIZE = "whatsapp_backup_size_bytes"

_JOB_HELP = {
    LAST_RUN: "When the job last ended, well or not, in seconds since the epoch.",
    LAST_SUCCESS: "When the job last ended well, in seconds since the epoch; kept when a later run fails.",
    LAST_DURATION: "How long the last run of the job took, in seconds.",
    SUCCESS: "Whether the last run of the job ended well (1) or not (0).",
}
_EXTRA_HELP = {BACKUP_SIZE: "Compressed size of the last good backup, in bytes."}


@dataclass(frozen=True)
class JobRun:
    """How one run of a job went.

    `ended_at` is in seconds since the epoch, `duration` in seconds; `gauges` are the job's own numbers by
    metric name, without labels.
    """

    job_name: str
    succeeded: bool
    ended_at: float
    duration: float
    gauges: Mapping[str, float] = field(default_factory=dict)


def textfile_path(directory: Path, job_name: str) -> Path:
    """Where the metrics of `job_name` live."""
    return directory / f"whatsapp_{job_name}.prom"


def write_job_metrics(directory: Path, run: JobRun) -> Path:
    """Replace the metrics file of the run's job; a failed run keeps what the last good one left.

    The file is readable by everyone (0644): the node exporter runs as another user, and nothing in it is
    secret.

    Raises:
        OSError: the directory is missing or not writable.
    """
    path = textfile_path(directory, run.job_name)
    previous = _read_samples(path)
    values = {LAST_RUN: run.ended_at, LAST_DURATION: run.duration, SUCCESS: float(run.succeeded)}
    last_success = run.ended_at if run.succeeded else previous.get(LAST_SUCCESS)
    if last_success is not None:
        values[LAST_SUCCESS] = last_success

    registry = CollectorRegistry()
    for name, text in _JOB_HELP.items():
        if name in values:
            gauge = Gauge(name, text, ["job_name"], registry=registry)
            gauge.labels(job_name=run.job_name).set(values[name])
    kept = {name: value for name, value in previous.items() if name in _EXTRA_HELP}
    for name, value in {**kept, **run.gauges}.items():
        Gauge(name, _EXTRA_HELP[name], registry=registry).set(value)
    write_atomically(path, generate_latest(registry), mode=0o644)
    return path


def _read_samples(path: Path) -> dict[str, float]:
    """The values by metric name that an earlier run left; empty when there is no readable file."""
    try:
        text = path.read_text(encoding="utf-8")
        return {
            sample.name: sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }
    except FileNotFoundError:
        return {}
    except ValueError:
        # A damaged file must not stop the job that would mend it.
        return {}
