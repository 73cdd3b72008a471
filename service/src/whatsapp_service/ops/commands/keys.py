"""``whatsapp-ops keys issue``, ``list`` and ``revoke``."""

import argparse
import asyncio
import logging

from whatsapp_service import keys
from whatsapp_service.json_logging import log_event
from whatsapp_service.keys import IssuedKey, KeyNameError
from whatsapp_service.ops.context import OpsContext
from whatsapp_service.ops.errors import PermanentError

logger = logging.getLogger("whatsapp.ops")

_REASONS = {
    "malformed": "key_name_malformed",
    "reserved": "key_name_reserved",
    "taken": "key_name_taken",
}


def run_issue(context: OpsContext, options: argparse.Namespace) -> int:
    """Issue a key and print it, the only time that anybody can see it."""
    console, texts = context.console, context.texts
    try:
        text = asyncio.run(_issue(context, options))
    except KeyNameError as error:
        raise PermanentError(texts(_REASONS[error.reason], name=error.name)) from error
    scopes = sorted(set(options.scope))
    log_event(
        logger,
        logging.WARNING,
        "API key issued",
        tags=("keys",),
        key=options.name,
        scopes=scopes,
        by=context.operator,
    )
    console.line(texts("key_issued", name=options.name, scopes=", ".join(scopes)))
    console.line(text)
    console.line(texts("key_once"))
    console.result({"name": options.name, "scopes": scopes, "key": text})
    return 0


def run_list(context: OpsContext, _options: argparse.Namespace) -> int:
    """The issued keys and those of API_KEYS_FILE, without what would let anybody use them."""
    console, texts = context.console, context.texts
    issued = asyncio.run(_list(context))
    documents: list[dict[str, object]] = [
        {"name": key.name, "source": "file", "scopes": sorted(key.scopes)}
        for key in context.settings.api_keys
    ]
    documents += [_document(key) for key in issued]
    for key in context.settings.api_keys:
        console.line(texts("key_line_file", name=key.name, scopes=", ".join(sorted(key.scopes))))
    for issued_key in issued:
        console.line(
            texts(
                "key_line" if issued_key.revoked_at is None else "key_line_revoked",
                name=issued_key.name,
                prefix=issued_key.prefix,
                scopes=", ".join(sorted(issued_key.scopes)),
                created=issued_key.created_at,
                revoked=issued_key.revoked_at,
            )
        )
    if not documents:
        console.line(texts("keys_none"))
    console.result({"keys": documents})
    return 0


def run_revoke(context: OpsContext, options: argparse.Namespace) -> int:
    """Revoke an issued key; every API process refuses it within five seconds."""
    console, texts = context.console, context.texts
    if not asyncio.run(_revoke(context, options.name)):
        provisioned = options.name in {key.name for key in context.settings.api_keys}
        raise PermanentError(texts("key_in_file" if provisioned else "key_unknown", name=options.name))
    log_event(
        logger, logging.WARNING, "API key revoked", tags=("keys",), key=options.name, by=context.operator
    )
    console.line(texts("key_revoked", name=options.name))
    console.result({"name": options.name, "revoked": True})
    return 0


async def _issue(context: OpsContext, options: argparse.Namespace) -> str:
    reserved = {key.name for key in context.settings.api_keys}
    async with context.open_database() as client:
        return await keys.issue(client, options.name, set(options.scope), context.now(), reserved=reserved)


async def _list(context: OpsContext) -> list[IssuedKey]:
    async with context.open_database(read_only=True) as client:
        return await keys.list_keys(client)


async def _revoke(context: OpsContext, name: str) -> bool:
    async with context.open_database() as client:
        return await keys.revoke(client, name, context.now())


def _document(key: IssuedKey) -> dict[str, object]:
    return {
        "name": key.name,
        "source": "issued",
        "scopes": sorted(key.scopes),
        "prefix": key.prefix,
        "created_at": key.created_at,
        "revoked_at": key.revoked_at,
    }
