"""Pages that stand in for all pages of a site, with status 200: maintenance, sign-in, checks for robots, parking."""

import re
from typing import Final

from harvesters.formats.text import decode_html

_HEAD: Final = 60_000
_TITLE: Final = re.compile(r"(?is)<title\b[^>]{0,500}>(.{0,400}?)</title")
_HEADING: Final = re.compile(r"(?is)<h1\b[^>]{0,500}>(.{0,400}?)</h1")
_TAG: Final = re.compile(r"<[^>]{0,500}>")
_DASH: Final = re.compile(r"\s+[|–—·:-]+\s+")
_WALL: Final = re.compile(
    r"(?i)(?:(?:geplante |aktuelle )?wartung(?:sarbeiten|smodus|sseite)?|maintenance(?: mode)?|under maintenance"
    r"|(?:wir sind |we'll be |be )?(?:gleich zurück|right back|back soon)"
    r"|(?:vorübergehend|zurzeit|derzeit) nicht (?:verfügbar|erreichbar)"
    r"|service (?:temporarily )?unavailable|(?:error )?50[0234](?: .{3,40})?|bad gateway"
    r"|(?:bitte )?(?:anmelden|einloggen)|anmeldung(?: erforderlich)?|log ?in|sign in"
    r"|zugriff verweigert|access denied|(?:error )?40[13](?: .{3,40})?|forbidden"
    r"|just a moment(?:\.\.\.|…)?|attention required!?|checking your browser.{0,40}|captcha"
    r"|sicherheitsüberprüfung|sicherheitsabfrage|sind sie ein mensch\??"
    r"|cookies? (?:akzeptieren|zulassen|aktivieren)"
    r"|(?:diese |this )?domain .{0,60}(?:zu verkaufen|zum verkauf|for sale|geparkt|parked)|domain parking"
    r"|(?:hier entsteht|under construction).{0,60})[.!]?"
)
"""Names of such pages; an offer may speak of any of this, but is not called so."""


def is_wall(content: bytes, charset: str | None = None) -> bool:
    """Whether a page is no page of an offer: its title (as far as the first dash) or only heading says what it is.

    >>> is_wall(b"<title>Wartungsarbeiten - Museum am Hafen</title>"), is_wall(b"<title>Ritter | Anmelden</title>")
    (True, False)
    """
    text = decode_html(content[:_HEAD], None, charset)
    names = [words for match in _TITLE.findall(text)[:1] for words in (match, _DASH.split(match)[0])]
    headings = _HEADING.findall(text)
    names += headings if len(headings) == 1 else []
    return any(_WALL.fullmatch(" ".join(_TAG.sub(" ", name).split())) for name in names)
