"""Phone numbers as they may be shown."""


def masked(number: str) -> str:
    """Return a phone number with all but its last two digits hidden."""
    return "*" * max(0, len(number) - 2) + number[-2:]
