"""Reading addresses out of what people paste: one or many, one a line or in the middle of sentences."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from flask_babel import gettext as _

from harvesters.fetch.addresses import plain_url
from schemas.store.drafts import comparable

MOST: Final = 200
"""Addresses that are taken at once."""
MAX_ADDRESS: Final = 2_000
"""Characters of an address."""
MAX_PROBLEMS: Final = 20
"""Lines without an address that are named one by one."""
_SHOWN: Final = 80

_MARKED: Final = re.compile(r"(?i)\b(?:[a-z][a-z0-9+.-]{1,15}://|www\.)[^\s<>\"'„“”‚‘’|]+")
_BARE: Final = re.compile(r"(?i)(?:[\w-]{1,63}\.){1,8}[a-z]{2,24}(?::\d{1,5})?(?:[/?#]\S*)?")
_OTHER: Final = re.compile(r"(?i)^(?:javascript|data|file|about|vbscript):")
_BETWEEN: Final = re.compile(r"[\s|]+|[,;](?=(?i:https?://|www\.))")
_END: Final = ".,;:!?)]}>*_"


@dataclass(frozen=True, slots=True)
class Pasted:
    """What was pasted."""

    addresses: tuple[str, ...]
    """Addresses in their order, each once."""
    doubled: int
    """How often an address stood there once more."""
    problems: tuple[str, ...]
    """German sentences on lines that hold no address we could read, at most ``MAX_PROBLEMS`` and one on the rest."""


def read_pasted(text: str) -> Pasted:
    """The http and https addresses in ``text``, however many there are."""
    addresses: dict[str, str] = {}
    doubled, problems = 0, []
    for line in text.splitlines():
        if not line.strip():
            continue
        found = list(_candidates(line))
        if not found:
            problems.append(_("„%(line)s“: Darin steht keine Adresse.", line=_short(line)))
        for candidate in found:
            try:
                address = web_address(candidate)
            except ValueError as error:
                problems.append(_("„%(line)s“: %(why)s", line=_short(candidate), why=str(error)))
                continue
            doubled += comparable(address) in addresses
            addresses.setdefault(comparable(address), address)
    if (more := len(problems) - MAX_PROBLEMS) > 0:
        problems = [*problems[:MAX_PROBLEMS], _("Und %(n)s weitere Zeilen ohne lesbare Adresse.", n=more)]
    return Pasted(tuple(addresses.values()), doubled, tuple(problems))


def web_address(text: str) -> str:
    """``text`` as an address that may be read: http or https, without a fragment.

    Raises ``ValueError`` with a German sentence for anything else.
    """
    text = re.sub(r"(?i)^webcals?://", "https://", text.strip())
    address = text if "://" in text or _OTHER.match(text) else f"https://{text}"
    if len(address) > MAX_ADDRESS:
        raise ValueError(_("Diese Adresse ist zu lang (höchstens %(n)s Zeichen).", n=MAX_ADDRESS))
    if any(unicodedata.category(letter)[0] == "C" or letter.isspace() for letter in address):
        raise ValueError(_("Diese Adresse enthält unsichtbare Zeichen."))
    reason = plain_url(address)
    if reason is not None:
        raise ValueError(
            {
                "scheme": _("Nur Adressen mit http:// oder https:// werden gelesen."),
                "credentials": _("Adressen mit Benutzername oder Passwort werden nicht gelesen."),
            }.get(reason, _("Das ist keine gültige Adresse."))
        )
    parts = urlsplit(address)
    if "." not in (parts.hostname or "") and ":" not in (parts.hostname or ""):
        raise ValueError(_("Das ist keine Adresse im Internet."))
    return parts._replace(scheme=parts.scheme.lower(), netloc=parts.netloc.lower(), fragment="").geturl()


def _candidates(line: str) -> Iterator[str]:
    """What looks like addresses in a line; a mail address does not."""
    for word in _BETWEEN.split(line):
        marked = _MARKED.search(word)
        bare = word.strip(_END + "(<[\"'„“”")
        if marked:
            yield marked[0].rstrip(_END)
        elif _OTHER.match(bare) or ("@" not in bare and len(bare) <= MAX_ADDRESS and _BARE.fullmatch(bare)):
            yield bare


def _short(text: str) -> str:
    """A line as it is shown: bounded, without what cannot be seen."""
    seen = "".join(letter for letter in text.strip()[: _SHOWN * 4] if unicodedata.category(letter)[0] != "C")
    return seen if len(seen) <= _SHOWN else f"{seen[: _SHOWN - 1]}…"
