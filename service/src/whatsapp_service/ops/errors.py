"""Errors of the operations commands, told apart by whether trying again can help."""


class OperationError(Exception):
    """An operation could not be done; the text is one line for the operator, without numbers or secrets."""


class PermanentError(OperationError):
    """Trying again without changing something will fail again (bad input, damaged file, wrong setting)."""


class TransientError(OperationError):
    """Trying again later may succeed (something is busy, unreachable or full)."""


class UsageError(OperationError):
    """The command line or a setting does not make sense; the process exits with 2."""
