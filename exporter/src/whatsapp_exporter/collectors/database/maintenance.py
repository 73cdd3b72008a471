"""What the maintenance log says of each operation, and the version of the schema."""

from dataclasses import dataclass

from whatsapp_exporter.collectors.database import metrics, queries
from whatsapp_exporter.collectors.database.answers import Answers, Record
from whatsapp_exporter.family import AnyFamily, family, single
from whatsapp_exporter.label_value import label_value

INTEGRITY_CHECK = "INTEGRITY_CHECK"
"""`operation` of the check for damage that the reindexing begins with; it has metrics of its own."""


@dataclass(frozen=True, slots=True)
class _Operation:
    """Unix times of its last success and failure."""

    succeeded: float | None
    failed: float | None

    @property
    def ok(self) -> bool:
        """Whether its last run succeeded."""
        return self.succeeded is not None and (self.failed is None or self.succeeded >= self.failed)

    @property
    def last(self) -> float:
        """When it last ran."""
        return max(moment for moment in (self.succeeded, self.failed, 0.0) if moment is not None)


def build(answers: Answers) -> list[AnyFamily]:
    """Return the gauges. Raises AnswerError."""
    operations = {
        label_value(record.text("operation")): _Operation(
            _time(record, "succeeded_at"), _time(record, "failed_at")
        )
        for record in answers.rows(queries.MAINTENANCE)
    }
    checks = [operations.pop(INTEGRITY_CHECK)] if INTEGRITY_CHECK in operations else []
    version = answers.row(queries.SCHEMA_VERSION)
    return [
        family(
            metrics.MAINTENANCE_LAST_SUCCESS,
            (((name,), one.succeeded) for name, one in operations.items() if one.succeeded is not None),
        ),
        family(metrics.MAINTENANCE_SUCCESS, (((name,), one.ok) for name, one in operations.items())),
        family(metrics.INTEGRITY_OK, (((), check.ok) for check in checks)),
        family(metrics.INTEGRITY_CHECKED, (((), check.last) for check in checks)),
        single(metrics.SCHEMA_VERSION, 0 if version.is_null("version") else version.count("version")),
    ]


def _time(record: Record, column: str) -> float | None:
    return None if record.is_null(column) else record.moment(column).timestamp()
