"""Addresses of the web and of mailboxes are no prose: their words say nothing about an offer."""

import re
from typing import Final

WEB: Final = "~"
"""Stands for every character of a web address in text that is read."""
MAILBOX: Final = "@"
"""Stands for every character of a mail address in text that is read."""
_SIGNS: Final = ("://", "www.", "@", ".de", ".com", ".org", ".net", ".eu", ".example")
_ADDRESS: Final = re.compile(
    r"(?P<mail>(?<![\w.+-])[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,5}[a-z]{2,24})"
    r"|(?:\bhttps?://|\bwww\.)[^\s<>\"]{1,2000}(?<![.,;:!?)\]])"
    r"|(?<![\w@.-])(?:[\w-]{2,63}\.){1,5}(?:de|com|org|net|eu|example)\b(?:/[^\s<>\"]{0,1000}(?<![.,;:!?)\]]))?"
)


def masked(lower: str) -> str:
    """Text in lower case with addresses masked; every other character keeps its place.

    >>> masked("kurse unter www.vhs.example/kurs, oder kita@vhs.example")
    'kurse unter ~~~~~~~~~~~~~~~~~~~~, oder @@@@@@@@@@@@@@@@'
    """
    return _ADDRESS.sub(_mask, lower) if any(sign in lower for sign in _SIGNS) else lower


def _mask(match: re.Match[str]) -> str:
    return (MAILBOX if match["mail"] else WEB) * len(match[0])
