"""Why a notification was left as it is, in the operators' language."""

from whatsapp_service.ops.texts import Texts
from whatsapp_service.refusals import ChangeRefusedError, WrongStateError

_TEXTS = {
    "not_found": "refusal_not_found",
    "being_sent": "refusal_being_sent",
    "not_cancellable": "refusal_not_cancellable",
    "not_requeueable": "refusal_not_requeueable",
    "arrived": "refusal_arrived",
    "never_open": "refusal_never_open",
}


def describe_refusal(error: ChangeRefusedError, texts: Texts) -> str:
    """One line; a reason without a text of its own is told as the service says it."""
    key = _TEXTS.get(error.code)
    if key is None:
        return str(error)
    return texts(key, estado=error.estado if isinstance(error, WrongStateError) else "")
