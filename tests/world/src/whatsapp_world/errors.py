"""Errors of the command line, shown as one line."""


class UsageError(Exception):
    """The command cannot start as it was called: a file is missing, a value makes no sense."""
