"""What the database takes up: the file as it is now, tables as the maintenance last measured them."""

from whatsapp_exporter.collectors.database import metrics, queries
from whatsapp_exporter.collectors.database.answers import Answers
from whatsapp_exporter.family import AnyFamily, family, single
from whatsapp_exporter.label_value import label_value


def build(answers: Answers) -> list[AnyFamily]:
    """Return the gauges. Raises AnswerError."""
    size = answers.row(queries.SIZE)
    tables = {label_value(record.text("tabla")): record for record in answers.rows(queries.TABLES)}
    return [
        single(metrics.DATABASE_SIZE, size.count("size")),
        single(metrics.FREE_BYTES, size.count("free")),
        family(metrics.TABLE_ROWS, (((name,), table.count("filas")) for name, table in tables.items())),
        family(
            metrics.TABLE_SIZE,
            (((name,), table.count("bytes")) for name, table in tables.items() if not table.is_null("bytes")),
        ),
        family(
            metrics.TABLE_MEASURED,
            (((name,), table.moment("medida_at").timestamp()) for name, table in tables.items()),
        ),
    ]
