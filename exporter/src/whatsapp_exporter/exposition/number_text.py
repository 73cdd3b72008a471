"""Numbers as Prometheus' client libraries write them: close to Go's, and the same to the last digit."""

import math
from array import array

import orjson

_PLAIN_FROM, _EXPONENT_FROM = 1e-4, 1e6


def number_text(value: float) -> str:
    """Return one number: `0.5`, `1.0`, `1.5e+06`, `+Inf`, `-Inf`, `NaN`.

    Large negative numbers have no exponent, as in the client library for Python.
    """
    value = float(value)
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    text = repr(value)
    point = text.find(".")
    if value < _EXPONENT_FROM or point <= 1:  # from 1e16 on it has Python's own exponent
        return text
    mantissa = f"{text[0]}.{text[1:point]}{text[point + 1 :]}".rstrip("0.")
    return f"{mantissa}e+{point - 1:02d}"


def number_texts(values: "array[float]") -> list[str]:
    """Return each number."""
    # Of numbers without an exponent JSON's form is the same, and orjson is eight times as fast as repr.
    texts = orjson.dumps(values.tolist())[1:-1].decode().split(",") if values else []
    others = [
        place
        for place, value in enumerate(values)
        if not (_PLAIN_FROM <= value < _EXPONENT_FROM or value == 0)
    ]
    for place in others:
        texts[place] = number_text(values[place])
    return texts
