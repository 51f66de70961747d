"""Who offers something, and where it happens."""

from datetime import date
from enum import StrEnum

from pydantic import Field

from schemas.base import Value
from schemas.vocabulary import BookingWay


class Precision(StrEnum):
    """How exactly a point is known."""

    ADDRESS = "address"
    POSTCODE = "postcode"
    MUNICIPALITY = "municipality"


class Provider(Value):
    """Who offers something."""

    name: str = Field(min_length=1, max_length=200)
    """The name as the source writes it."""
    url: str | None = Field(None, max_length=2000)
    """The provider's own page."""


class Place(Value):
    """Where something happens; every part may be unknown."""

    name: str | None = Field(None, max_length=200)
    """The venue, for instance "Museum am Hansering"."""
    street: str | None = Field(None, max_length=200)
    """Street and number."""
    postcode: str | None = Field(None, pattern=r"^\d{5}$")
    """Five digits."""
    locality: str | None = Field(None, max_length=120)
    """Town or village as the source writes it."""
    ags: str | None = Field(None, pattern=r"^\d{8}$")
    """Official municipality key, found from place name and Kreis in the official list only (no share-alike table)."""
    kreis: str | None = Field(None, pattern=r"^\d{5}$")
    """Official key of the Kreis or kreisfreie Stadt."""
    lat: float | None = Field(None, ge=-90, le=90)
    """Latitude, WGS 84."""
    lon: float | None = Field(None, ge=-180, le=180)
    """Longitude, WGS 84."""
    precision: Precision | None = None
    """How exact the point is: given by the source, centre of the postcode, or centre of the municipality."""


class Contact(Value):
    """A way to reach somebody for booking, as published."""

    name: str | None = Field(None, max_length=200)
    """Name of the office, or of a person who consented."""
    phone: str | None = Field(None, max_length=60)
    """Telephone number as written."""
    mail: str | None = Field(None, max_length=254)
    """Mail address."""
    personal: bool = False
    """Whether it is a person's rather than an organisation's; personal contacts never enter feeds (law 8)."""
    consented: bool = False
    """Whether that person agreed to be shown on pages and in mails."""


class Booking(Value):
    """How to get the offer."""

    ways: tuple[BookingWay, ...] = ()
    """Ways the provider names, in the order of the source."""
    contact: Contact | None = None
    """Contact published for booking."""
    url: str | None = Field(None, max_length=2000)
    """Page on which to book."""
    lead_days: int | None = Field(None, ge=0, le=730)
    """How many days before the visit a booking is needed, at least."""
    opens: date | None = None
    """First day on which booking is possible."""
    closes: date | None = None
    """Last day on which booking is possible."""
    required: bool | None = None
    """Whether registration is needed; ``None`` is not stated."""
