"""Pages of lists."""

from collections.abc import Mapping
from typing import Final

MAX_PAGE: Final = 5_000
"""Last page that can be asked for."""


def page_number(args: Mapping[str, str]) -> int:
    """The page that ``args`` asks for, from 1; anything that is no number is the first.

    >>> page_number({"seite": "3"}), page_number({"seite": "-7"}), page_number({"seite": "²"}), page_number({})
    (3, 1, 1, 1)
    """
    text = args.get("seite", "")
    if not (text.isascii() and text.isdigit()):
        return 1
    return min(max(int(text[:9]), 1), MAX_PAGE)
