"""JSON as sites really send it: values that JSON does not know cost themselves, not the document they stand in."""

import json
import math
import re
from typing import Any, Final

from pydantic import JsonValue

MAX_DEPTH: Final = 200
"""Deepest nesting that is read here."""
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_MAX_MET: Final = 10
_MAX_DIGITS: Final = 300
"""Of a whole number; Python itself refuses to read more than a few thousand."""


class LenientDecoder:
    """Reads NaN and infinities (pandas writes them) as nothing, half an emoji (WordPress cuts them) as U+FFFD.

    A whole number of hundreds of digits is nothing, too. Control characters in strings are read as well. ``met`` lists
    what else was met, in the source's words.

    >>> decoder = LenientDecoder()
    >>> decoder.decode('{"preis": NaN, "titel": "Wald \\\\ud83c"}'), decoder.met
    ({'preis': None, 'titel': 'Wald �'}, ['NaN', '\\\\ud83c'])
    """

    def __init__(self) -> None:
        self.met: list[str] = []
        self._json = json.JSONDecoder(
            strict=False, parse_constant=self._no_number, parse_float=self._number, parse_int=self._whole_number
        )

    def decode(self, text: str) -> JsonValue:
        """The one document in ``text``. Raises ``ValueError`` for anything worse, also for one nested too deep."""
        try:
            return self._clean(self._json.decode(text), 0)
        except RecursionError as error:
            raise ValueError("nested too deep") from error

    def raw_decode(self, text: str, position: int) -> tuple[JsonValue, int]:
        """The document that begins at ``position``, and where it ends. Raises ``ValueError`` as ``decode`` does."""
        try:
            value, end = self._json.raw_decode(text, position)
            return self._clean(value, 0), end
        except RecursionError as error:
            raise ValueError("nested too deep") from error

    def _no_number(self, wording: str) -> None:
        self._note(wording)

    def _number(self, wording: str) -> float | None:
        number = float(wording)
        if math.isfinite(number):
            return number
        self._note(wording)
        return None

    def _whole_number(self, wording: str) -> int | None:
        if len(wording) <= _MAX_DIGITS:
            return int(wording)
        self._note(wording)
        return None

    def _clean(self, value: Any, depth: int) -> JsonValue:
        if depth > MAX_DEPTH:
            raise ValueError("nested too deep")
        if isinstance(value, str):
            return _LONE_SURROGATE.sub(self._replaced, value)
        if isinstance(value, list):
            return [self._clean(member, depth + 1) for member in value]
        if isinstance(value, dict):
            return {
                _LONE_SURROGATE.sub(self._replaced, name): self._clean(member, depth + 1)
                for name, member in value.items()
            }
        return value  # type: ignore[no-any-return]

    def _replaced(self, found: re.Match[str]) -> str:
        self._note(f"\\u{ord(found[0]):04x}")
        return "\ufffd"

    def _note(self, wording: str) -> None:
        if wording[:80] not in self.met and len(self.met) < _MAX_MET:
            self.met.append(wording[:80])
