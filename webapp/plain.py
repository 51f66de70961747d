"""Harvested text made harmless for whoever shows it: no control characters, no reordering of what is read, only web
addresses as links. Escaping for HTML, XML or iCalendar is the writer's own."""

import re
from typing import Final
from urllib.parse import urlsplit

_UNSEEN: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
"""Control characters (XML 1.0 and RFC 5545 refuse them) and those that make text read in another order."""
_PHONE: Final = re.compile(r"\+?[0-9][0-9 ()/-]{4,40}[0-9]")
_MAIL: Final = re.compile(r"[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9.-]{1,180}\.[A-Za-z]{2,24}")
_IN_ADDRESS: Final = re.compile(r"[!#-;=?-\[\]_a-z~\u00a1-\U0010ffff]+", re.IGNORECASE)


def plain(text: str) -> str:
    """``text`` without characters that are not seen and change how it is read; lines and tabs stay.

    >>> plain("Kita\\u202eatiK\\x00")
    'KitaatiK'
    """
    return _UNSEEN.sub("", text)


def one_line(text: str) -> str:
    """``plain`` on one line."""
    return " ".join(plain(text).split())


def web_address(text: str | None) -> str | None:
    """``text`` if it is an http or https address that may be linked to, else ``None``.

    >>> web_address("https://museum.example/kita"), web_address("javascript:alert(1)")
    ('https://museum.example/kita', None)

    One with a user name is not: it looks like another house's.

    >>> web_address("https://museum.example@elsewhere.example/kita") is None
    True
    """
    if not text or not _IN_ADDRESS.fullmatch(text) or plain(text) != text:
        return None
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    return text if parts.scheme in ("http", "https") and parts.hostname and parts.username is None else None


def telephone(text: str) -> str | None:
    """What a link must dial where ``text`` is a telephone number, else ``None``.

    >>> telephone("+49 (0)3834 12-345"), telephone("Mo bis Fr, 8 bis 12")
    ('+49383412345', None)
    """
    if _PHONE.fullmatch(text) is None:
        return None
    return "".join(sign for sign in text.replace("(0)", "") if sign in "+0123456789")


def is_mail_address(text: str) -> bool:
    """Whether ``text`` is one mail address that may be linked to.

    >>> is_mail_address("kasse@museum.example"), is_mail_address("a@b.example?bcc=x@y.example")
    (True, False)
    """
    return _MAIL.fullmatch(text) is not None
