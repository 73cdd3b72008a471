"""Metrics that the jobs write for the node exporter; their code defines them, the reference has them here."""

from whatsapp_exporter.metrics.definition import MetricDefinition, Source, gauge

_J = Source.JOBS
JOB_METRICS: tuple[MetricDefinition, ...] = (
    gauge(
        "whatsapp_job_last_run_timestamp_seconds",
        "seconds",
        "Last run of the job (Unix time)",
        _J,
        "job_name",
    ),
    gauge(
        "whatsapp_job_last_success_timestamp_seconds",
        "seconds",
        "Last successful run of the job (Unix time)",
        _J,
        "job_name",
    ),
    gauge("whatsapp_job_last_duration_seconds", "seconds", "Duration of the job's last run", _J, "job_name"),
    gauge("whatsapp_job_success", "boolean", "1 when the job's last run succeeded", _J, "job_name"),
    gauge("whatsapp_backup_size_bytes", "bytes", "Size of the last backup file", _J),
)
