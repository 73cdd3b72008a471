"""``whatsapp-ops import``."""

import argparse
import asyncio

from whatsapp_service.ops.context import OpsContext
from whatsapp_service.ops.import_document import ImportDocument, read_document
from whatsapp_service.ops.import_records import ImportResult, import_document

_SHOWN_REJECTED = 50


def run(context: OpsContext, options: argparse.Namespace) -> int:
    """Import a document; returns 1 when rows were rejected, though the others are saved."""
    console, texts = context.console, context.texts
    document = read_document(options.file, region=options.region, texts=texts)
    result = asyncio.run(_import(context, document))
    for section, counts in result.sections.items():
        console.line(
            texts(
                "import_line",
                section=section,
                created=counts.created,
                updated=counts.updated,
                unchanged=counts.unchanged,
                rejected=counts.rejected,
            )
        )
    console.result(result)
    if not result.rejected:
        return 0
    for row in result.rejected[:_SHOWN_REJECTED]:
        console.warn(
            texts(
                "import_rejected_row",
                section=row.section,
                position=row.position,
                identifier=row.identifier,
                reason=row.reason,
            )
        )
    if len(result.rejected) > _SHOWN_REJECTED:
        console.warn(texts("import_more_rejected", count=len(result.rejected) - _SHOWN_REJECTED))
    console.error(texts("import_some_rejected", count=len(result.rejected)))
    return 1


async def _import(context: OpsContext, document: ImportDocument) -> ImportResult:
    async with context.open_database() as client:
        return await import_document(client, document, now=context.now, texts=context.texts)
