"""Persons in what is typed: what would reach open data with their name, number or address (law 8)."""

import re
from itertools import pairwise
from typing import Final

from harvesters.normalise.persons import is_personal_mail, without_persons

_WORD: Final = re.compile(r"[\w-]+")
_ADDRESSED: Final = ("frau", "herr", "herrn", "familie")
_LONG_ENOUGH: Final = 4
"""Letters from which on a word of an organisation's name tells its mailbox from a person's."""


def names_person(person: str, text: str) -> bool:
    """Whether ``text`` names ``person`` in full, by initial and surname, or by title and surname; a surname alone may
    be any word.

    >>> [names_person("Erna Wald", text) for text in ("Mit Erna Wald im Moor", "E. Wald", "bei Frau Wald", "im Wald")]
    [True, True, True, False]
    """
    *given, last = person.casefold().split() or [""]
    said = _WORD.findall(text.casefold())
    beside = {*pairwise(said), *pairwise(reversed(said))}
    firsts = (*given, *(name[0] for name in given), *_ADDRESSED)
    return any((first, last) in beside for first in firsts)


def gives_contact(text: str) -> bool:
    """Whether a telephone number or mail address stands in ``text``.

    >>> gives_contact("Scheune, 0171 2345678"), gives_contact("Scheune 3, 17489 Greifswald")
    (True, False)
    """
    _, found = without_persons(text, names=False)
    return bool(found.dropped or found.phone or found.mail)


def is_personal_name(name: str, organisation: str) -> bool:
    """Whether whom to ask for is a person rather than a place to ask.

    >>> [is_personal_name(name, "Natur Aktiv") for name in ("Erna Wald", "Museumskasse", "Büro Natur Aktiv")]
    [True, False, False]
    """
    if _shared(name, organisation):
        return False
    return bool(without_persons(f"Ansprechperson: {name}", is_contact=True)[1].dropped)


def is_persons_mail(mail: str, organisation: str) -> bool:
    """Whether a mail address is a person's rather than one of ``organisation``.

    >>> [is_persons_mail(mail, "Töpferverein") for mail in ("erna.wald@gmx.de", "toepferverein@gmx.de")]
    [True, False]
    """
    return is_personal_mail(mail) and not _shared(mail.partition("@")[0], organisation)


def _shared(text: str, organisation: str) -> bool:
    """Whether a longer word of the organisation's name stands in ``text``."""
    words = (word for word in _WORD.findall(_folded(organisation)) if len(word) >= _LONG_ENOUGH)
    return any(word in _folded(text) for word in words)


def _folded(text: str) -> str:
    return text.casefold().replace("ä", "ae").replace("ö", "oe").replace("ü", "ue")
