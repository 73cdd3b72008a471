"""What Meta's `debug_token` says of the access token.

https://developers.facebook.com/docs/graph-api/reference/debug_token/: Meta takes the token to inspect in the
address of a GET only.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from whatsapp_exporter.collectors.graph import metrics
from whatsapp_exporter.collectors.graph.document import Document
from whatsapp_exporter.family import Family, family, single

NEEDED_SCOPES = ("whatsapp_business_messaging", "whatsapp_business_management")
NEVER = 0.0


@dataclass(frozen=True, slots=True)
class TokenDescription:
    """`valid` None: not said. `app_id`: the application that the token belongs to."""

    valid: bool | None
    app_id: str | None
    families: Sequence[Family]


def describe_token(answer: Document) -> TokenDescription:
    """Read the answer."""
    data = answer.within("data")
    if data is None:
        if "data" not in answer:
            answer.problems.append("data is absent")
        return TokenDescription(None, None, ())
    found = []
    expiry = data.moment("expires_at")
    if expiry is not None and expiry != NEVER:
        found.append(single(metrics.TOKEN_EXPIRY, expiry))
    data_access = data.moment("data_access_expires_at")
    if data_access is not None and data_access != NEVER:
        found.append(single(metrics.TOKEN_DATA_ACCESS_EXPIRY, data_access))
    scopes = data.texts("scopes")
    valid = data.boolean("is_valid")
    # Of a token that is not valid Meta tells no scopes: none is not missing then.
    if scopes is not None and (valid or scopes):
        found.append(
            family(metrics.TOKEN_SCOPE, (((scope,), float(scope in scopes)) for scope in NEEDED_SCOPES))
        )
    return TokenDescription(valid, data.text("app_id"), found)
