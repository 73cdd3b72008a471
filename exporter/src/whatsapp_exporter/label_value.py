"""What another side sent, as the value of a label: labels stay few, short and without personal data."""

import re

OTHER = "other"
_PLAIN = re.compile(r"(?!.*[0-9]{9})[A-Za-z0-9_.+-]{1,64}")


def label_value(text: str) -> str:
    """Return the text when it can be a label's value as it is, else `other`.

    It can be one when it is a plain word of up to 64 characters without nine digits in a row, which could be
    a telephone number or an id of Meta's.
    """
    return text if _PLAIN.fullmatch(text) and not text.startswith("wamid.") else OTHER
