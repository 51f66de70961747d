"""*Please do not list us*: what may not be fetched and whose offers are never stored. Pure."""

import posixpath
import re
import unicodedata
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from ipaddress import ip_address
from typing import Final
from urllib.parse import unquote, urlsplit

from pydantic import AwareDatetime, Field

from schemas.base import Value
from schemas.harvest import Source

MAX_VALUE: Final = 500
"""Longest host, address or name of an exclusion."""

_LABEL: Final = re.compile(r"\w(?:[\w-]{0,61}\w)?")
_WORD: Final = re.compile(r"[^\W_]+")
_LEGAL_FORMS: Final = frozenset(
    (("e", "v"), ("ev",), ("gmbh",), ("ggmbh",), ("mbh",), ("ug",), ("ag",), ("kg",), ("gbr",), ("eg",))
)
_UMLAUTS: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_SCHEME: Final = re.compile(r"(?i)(?:[a-z][a-z0-9+.-]{0,20}:)?//")
_DOTS: Final = str.maketrans("。", ".")
"""What separates labels of a host besides the full stop (RFC 3490); NFKC makes the narrow and wide forms these two."""


class ExclusionKind(StrEnum):
    """What an exclusion is about."""

    HOST = "host"
    """A host with all its sub-domains, on every port."""
    ADDRESS = "address"
    """An address and everything below it, on a host that others use too."""
    PROVIDER = "provider"
    """A provider by name, whoever describes its offers."""


class Wish(Value):
    """One thing that a provider does not want listed, in the form in which it is stored."""

    kind: ExclusionKind
    """What it is about."""
    value: str = Field(min_length=1, max_length=MAX_VALUE)
    """Host (``museum.example``), address without scheme (``stadt.example/museum``), or name."""


class Exclusion(Wish):
    """A wish as it was noted."""

    id: int
    """Its number."""
    region: str
    """Key of the Region whose coordinator noted it; it counts in the whole installation."""
    by: str
    """Who noted it."""
    at: AwareDatetime
    """When."""
    why: str | None = None
    """What was said about it."""
    undone_at: datetime | None = None
    """When it was taken back."""
    undone_by: str | None = None
    """By whom."""


@dataclass(frozen=True, slots=True)
class Exclusions:
    """All standing exclusions, ready to be asked many times."""

    hosts: frozenset[str] = frozenset()
    """Hosts without ``www.``, in lower case."""
    addresses: tuple[str, ...] = ()
    """Addresses without scheme, as ``as_address`` makes them."""
    providers: frozenset[str] = frozenset()
    """Names, folded by ``provider_key``."""

    @classmethod
    def of(cls, wishes: Iterable[Wish]) -> "Exclusions":
        """The exclusions that ``wishes`` ask for."""
        values: dict[ExclusionKind, list[str]] = {kind: [] for kind in ExclusionKind}
        for wish in wishes:
            values[wish.kind].append(wish.value)
        return cls(
            frozenset(values[ExclusionKind.HOST]),
            tuple(sorted(values[ExclusionKind.ADDRESS])),
            frozenset(provider_key(name) for name in values[ExclusionKind.PROVIDER]),
        )

    def __bool__(self) -> bool:
        return bool(self.hosts or self.addresses or self.providers)

    def forbids(self, address: str | None) -> bool:
        """Whether ``address`` may not be fetched, however it is spelled; what names no host is not forbidden.

        >>> some = Exclusions(hosts=frozenset({"museum.example"}), addresses=("stadt.example/museum",))
        >>> some.forbids("http://kita.Museum.example:8080/"), some.forbids("https://nichtmuseum.example/")
        (True, False)
        >>> some.forbids("https://www.stadt.example/museum?id=7"), some.forbids("https://stadt.example/museumsnacht")
        (True, False)
        """
        if not address or not (self.hosts or self.addresses):
            return False
        parsed = _parsed(address)
        if parsed is None:
            return False
        host, spelled = parsed
        labels = host.split(".")
        if any(".".join(labels[start:]) in self.hosts for start in range(len(labels))):
            return True
        return any(_lies_below(spelled, excluded) for excluded in self.addresses)

    def covers(self, provider: str | None, *addresses: str | None) -> bool:
        """Whether an offer of ``provider`` with these ``addresses`` (its page, its provider's) must not be stored."""
        if provider and self.providers and provider_key(provider) in self.providers:
            return True
        return any(self.forbids(address) for address in addresses)

    def stops(self, source: Source) -> bool:
        """Whether ``source`` is not read at all: it is an excluded provider's own, or all it reads is forbidden."""
        start = source.access.start
        if source.provider is not None and self.covers(source.provider, source.homepage):
            return True
        return bool(start) and all(self.forbids(address) for address in start)

    def allowed(self, source: Source) -> Source:
        """``source``, which is not stopped, with those addresses alone that may be fetched."""
        start = tuple(address for address in source.access.start if not self.forbids(address))
        if start == source.access.start:
            return source
        return source.model_copy(update={"access": source.access.model_copy(update={"start": start})})


NOBODY: Final = Exclusions()
"""Nobody has asked not to be listed."""


def as_host(text: str) -> str | None:
    """The host that ``text`` (an address or a bare host) names, without ``www.`` and port; ``None`` where it names
    none, or one as wide as a whole ending (``de``).

    >>> as_host("https://www.Museum.example/kita"), as_host("museum.example."), as_host("de"), as_host("ein Museum")
    ('museum.example', 'museum.example', None, None)
    """
    parsed = _parsed(text)
    return parsed[0] if parsed is not None and len(parsed[0]) <= MAX_VALUE else None


def as_address(text: str) -> str | None:
    """The address that ``text`` spells, without scheme, ``www.``, fragment and usual port; ``None`` where it is none.

    >>> as_address("https://www.stadt.example/museum/"), as_address("stadt.example/a/../museum?id=7#oben")
    ('stadt.example/museum', 'stadt.example/museum?id=7')
    """
    parsed = _parsed(text)
    return parsed[1] if parsed is not None and len(parsed[1]) <= MAX_VALUE and parsed[1].isprintable() else None


def provider_key(name: str) -> str:
    """What names of one provider have in common: words in lower case without accents, punctuation and legal form.

    >>> provider_key("Förderverein „Altes Museum“ e. V.") == provider_key("FÖRDERVEREIN Altes  Museum e.V.")
    True
    """
    spelled = unicodedata.normalize("NFKC", name).casefold().translate(_UMLAUTS)
    words = _WORD.findall("".join(c for c in unicodedata.normalize("NFKD", spelled) if not unicodedata.combining(c)))
    for length in (1, 2):
        if len(words) > length and tuple(words[-length:]) in _LEGAL_FORMS:
            words = words[:-length]
            break
    return " ".join(words)


def _parsed(text: str) -> tuple[str, str] | None:
    """Host and spelled-out address of ``text``."""
    try:
        text = text.strip()
        parts = urlsplit(text if _SCHEME.match(text) else f"//{text}")
        host, port = _host(parts.hostname or ""), parts.port
    except ValueError:
        return None
    if host is None:
        return None
    plain_path = posixpath.normpath("/" + unquote(parts.path)).lstrip("/")
    shown_port = "" if port is None or port == _DEFAULT_PORTS.get(parts.scheme, port) else f":{port}"
    spelled = f"{host}{shown_port}/{plain_path}".rstrip("/")
    return host, f"{spelled}?{unquote(parts.query)}" if parts.query else spelled


def _host(text: str) -> str | None:
    """``text`` as hosts are compared: lower case, written in letters (not punycode), without ``www.``."""
    host = unicodedata.normalize("NFKC", text).translate(_DOTS).lower().rstrip(".")
    with suppress(ValueError):  # a name, as nearly always
        return str(ip_address(host))
    labels = [_unpuny(label) for label in host.split(".")]
    if len(labels) > 2 and labels[0] == "www":
        labels = labels[1:]
    if not all(_LABEL.fullmatch(label) for label in labels) or (len(labels) < 2 and labels != ["localhost"]):
        return None
    return ".".join(labels)


def _unpuny(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return label[4:].encode("ascii").decode("punycode")
    except UnicodeError:
        return label


def _lies_below(spelled: str, excluded: str) -> bool:
    """Upper and lower case make no difference: better to read a page too few of whoever asked for it."""
    spelled, excluded = spelled.lower(), excluded.lower()
    if not spelled.startswith(excluded):
        return False
    rest = spelled[len(excluded) :]
    return not rest or rest[0] in ("&#" if "?" in excluded else "/?;")
