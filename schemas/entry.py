"""What a provider types in the form of the portal, or a coordinator for them on the phone: an ``Entry``.

Everything that is not typed is absent, never guessed. A private person's name, telephone number and mail address are
personal: they are shown on pages and in mails only with consent, and never reach feeds (law 8), so such an entry names
its provider as a private person of a town and no more.
"""

import unicodedata
from datetime import date
from enum import StrEnum
from typing import Annotated, Final, Self
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, model_validator

from schemas.base import Value
from schemas.offer import AgeRange, Capacity, GroupSize, Price, Rights, Schedule
from schemas.organisation import Contact
from schemas.vocabulary import LANGUAGES, Access, Answer, Area, Audience, BookingWay, Kind, Mode, RightsKind

FORMAT: Final = "form"
"""``Record.format`` of an entry; its JSON stands among the Record's words under ``entry``."""
TYPED: Final = "form.typed"
"""Rule of every value of an entry."""
MAX_TITLE: Final = 160
MAX_TEXT: Final = 6_000
MAX_TOWNS: Final = 30
FOR_WHOM: Final[tuple[Audience, ...]] = (Audience.KITA, Audience.HORT, Audience.STAFF)
"""Whom an entry may be made for; others have portals of their own."""
PRIVATE_PERSON: Final = "Privatperson"
"""What a private person is called in public; their town stands behind it."""
CC_BY: Final = "http://dcat-ap.de/def/licenses/cc-by/4.0"
"""Licence under which a provider may publish the text."""


class Terms(StrEnum):
    """What a provider allows for the text; the facts are free in any case."""

    FACTS_ONLY = "facts_only"
    """Pages show facts alone; the text serves the desk and the ranking."""
    PERMISSION = "permission"
    """The text may be shown on this platform."""
    OPEN = "open"
    """The text is published under CC BY 4.0 with the name in ``credit``."""


def _one_line(value: object) -> object:
    """Text on one line, without characters that nobody sees."""
    return " ".join(_visible(value, "").split()) if isinstance(value, str) else value


def _lines(value: object) -> object:
    """Text with its line breaks, without other characters that nobody sees."""
    return _visible(value.replace("\r\n", "\n").replace("\r", "\n"), "\n").strip() if isinstance(value, str) else value


def _visible(text: str, kept: str) -> str:
    def seen(character: str) -> str:
        if character in kept:
            return character
        category = unicodedata.category(character)
        return " " if category in ("Cc", "Zl", "Zp") else "" if category in ("Cf", "Cs", "Co", "Cn") else character

    return "".join(map(seen, unicodedata.normalize("NFC", text)))


def _address(value: object) -> object:
    """A web address; raises ``ValueError`` for anything that is not http or https with a host."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    if any(character.isspace() or character in '<>"\\' or not character.isprintable() for character in text):
        raise ValueError("expected an address without spaces")
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or "." not in parts.hostname or parts.username:
        raise ValueError("expected an address that begins with http:// or https://")
    return text


Line = Annotated[str, BeforeValidator(_one_line)]
Web = Annotated[str, BeforeValidator(_address), Field(max_length=500)]
Postcode = Annotated[str, Field(pattern=r"^\d{5}$")]


class Entry(Value):
    """One offer as its provider typed it."""

    person: bool = False
    """Whether a private person offers it."""
    name: Annotated[Line, Field(min_length=2, max_length=160)]
    """Name of the organisation or person; a person's stays in the house unless they consent."""
    homepage: Web | None = None
    """The provider's page."""
    title: Annotated[Line, Field(min_length=3, max_length=MAX_TITLE)]
    """What it is called."""
    text: Annotated[str, BeforeValidator(_lines), Field(max_length=MAX_TEXT)] = ""
    """What happens there."""
    kind: Kind = Kind.VISIT
    """What sort of thing it is."""
    audience: tuple[Audience, ...] = Field((Audience.KITA,), min_length=1)
    """Whom it is made for, of ``FOR_WHOM``."""
    areas: tuple[Area, ...] = Field((), max_length=3)
    """Areas of learning."""
    languages: tuple[str, ...] = ()
    """Languages spoken (ISO 639)."""
    accessibility: dict[Access, Answer] = {}
    """What is known about access."""
    ages: AgeRange | None = None
    """Ages in months."""
    group_size: GroupSize | None = None
    """Children and adults of one group."""
    duration_minutes: int | None = Field(None, ge=5, le=20_160)
    """Minutes of one unit."""
    price: Price | None = None
    """What it costs; ``None`` is not stated."""
    modes: tuple[Mode, ...] = ()
    """Where it can take place."""
    venue: Annotated[Line, Field(max_length=160)] | None = None
    """Name of the place."""
    street: Annotated[Line, Field(max_length=160)] | None = None
    """Street and number; never a private person's."""
    postcode: Postcode | None = None
    """Postcode of the place."""
    locality: Annotated[Line, Field(max_length=100)] | None = None
    """Town or village of the place."""
    radius_km: float | None = Field(None, gt=0, le=300)
    """How far it comes to Kitas, around ``around``."""
    around: Postcode | None = None
    """Postcode from which ``radius_km`` counts; that of the place where absent."""
    towns: tuple[Annotated[Line, Field(min_length=2, max_length=80)], ...] = Field((), max_length=MAX_TOWNS)
    """Towns to which it comes, instead of a radius."""
    schedule: Schedule | None = None
    """When it takes place."""
    lead_days: int | None = Field(None, ge=0, le=730)
    """Days before the visit on which it must be booked."""
    contact_name: Annotated[Line, Field(max_length=160)] | None = None
    """Whom to ask for."""
    phone: Annotated[str, BeforeValidator(_one_line), Field(pattern=r"^[+0-9][0-9 ()/.-]{4,38}[0-9]$")] | None = None
    """Telephone for booking."""
    mail: (
        Annotated[
            str,
            BeforeValidator(_one_line),
            Field(max_length=254, pattern=r"^[^@\s<>\"(),:;]{1,64}@[^@\s<>\"(),:;]{1,189}$"),
        ]
        | None
    ) = None
    """Mail address for booking."""
    link: Web | None = None
    """Page for booking."""
    contact_personal: bool = False
    """Whether telephone and mail address are a person's own."""
    consent: bool = False
    """Whether that person agrees to be shown with them on pages and in mails."""
    groups_per_month: int | None = Field(None, ge=1, le=1_000)
    """Most groups in a month."""
    booked_until: date | None = None
    """Day until which nothing is free."""
    terms: Terms = Terms.FACTS_ONLY
    """What may be done with the text."""
    credit: Annotated[Line, Field(max_length=160)] | None = None
    """Name to credit under CC BY; public, also in open data."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if unfit := set(self.audience) - set(FOR_WHOM):
            raise ValueError(f"audience: {sorted(unfit)} is not among {sorted(FOR_WHOM)}")
        if unknown := set(self.languages) - LANGUAGES.keys():
            raise ValueError(f"languages: {sorted(unknown)} is not known; known: {sorted(LANGUAGES)}")
        if self.person and self.street:
            raise ValueError("street: a private person's street is not published; leave it out")
        if self.radius_km and self.towns:
            raise ValueError("towns: give either a radius or towns")
        if self.terms is Terms.OPEN and not self.credit:
            raise ValueError("credit: CC BY needs a name to credit")
        return self

    @property
    def personal(self) -> bool:
        """Whether the contact is a person's rather than an organisation's."""
        return self.person or self.contact_personal

    @property
    def provider_name(self) -> str:
        """Who offers it, as everybody may know it."""
        if not self.person:
            return self.name
        return f"{PRIVATE_PERSON} ({self.locality})" if self.locality else PRIVATE_PERSON

    @property
    def contact(self) -> Contact | None:
        """The contact for booking; marked where it is personal, so that only consent shows it."""
        if not (self.phone or self.mail):
            return None
        return Contact(
            name=self.contact_name or (self.name if self.person else None),
            phone=self.phone,
            mail=self.mail,
            personal=self.personal,
            consented=self.personal and self.consent,
        )

    @property
    def ways(self) -> tuple[BookingWay, ...]:
        """How it is booked."""
        named = ((BookingWay.PHONE, self.phone), (BookingWay.MAIL, self.mail), (BookingWay.LINK, self.link))
        return tuple(way for way, value in named if value)

    @property
    def capacity(self) -> Capacity | None:
        """How much the provider can take."""
        if self.groups_per_month is None and self.booked_until is None:
            return None
        return Capacity(groups_per_month=self.groups_per_month, booked_until=self.booked_until)

    def rights(self, agreed_on: date) -> Rights:
        """What may be done with the text; ``agreed_on`` is the day on which it was typed."""
        if self.terms is Terms.OPEN:
            return Rights(kind=RightsKind.OPEN, licence=CC_BY, attribution=self.credit)
        if self.terms is Terms.PERMISSION:
            return Rights(kind=RightsKind.PERMISSION, granted_by="Anbieter, im Formular", granted_on=agreed_on)
        return Rights()
