"""``whatsapp-ops migrate``."""

import argparse
import asyncio

from whatsapp_database import migrate

from whatsapp_service.ops.context import OpsContext


def run(context: OpsContext, _options: argparse.Namespace) -> int:
    """Apply the pending migrations and say which."""
    applied = asyncio.run(_migrate(context))
    console, texts = context.console, context.texts
    if applied:
        console.line(texts("migrations_applied", versions=", ".join(f"{version:04d}" for version in applied)))
    else:
        console.line(texts("migrations_none"))
    console.result({"applied": applied})
    return 0


async def _migrate(context: OpsContext) -> list[int]:
    async with context.open_database(create=True) as client:
        return await migrate(client)
