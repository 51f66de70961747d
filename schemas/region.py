"""A Region is a tenant: a Landkreis or city with its own name, texts and people, made by configuration alone."""

from typing import Final, Literal

from pydantic import Field

from schemas.base import Value
from schemas.vocabulary import Area

WEB_ADDRESS: Final = r"^https?://[^\s/?#@]+(/[A-Za-z0-9._~-]+)*/?$"
"""What a public address looks like: scheme, host, perhaps a port, perhaps a path; nothing else."""


class Coordinator(Value):
    """Somebody who looks after a Region's data."""

    name: str = Field(min_length=1, max_length=200)
    """Name as shown on the desk and kept with every decision."""
    mail: str = Field(max_length=254)
    """Mail address for sign-in links and the Friday mail."""


class Relay(Value):
    """The mail relay of one Region; without one the installation's settings count."""

    host: str = Field(min_length=1, max_length=255)
    """Host that takes the mails."""
    port: int = Field(587, ge=1, le=65535)
    """Its port."""
    security: Literal["starttls", "ssl", "none"] = "starttls"
    """How the way to it is protected."""
    user: str | None = Field(None, max_length=255)
    """User name, where it asks for one."""
    password_file: str | None = Field(None, max_length=500)
    """File that holds the password, readable by the service only; a relative path starts in the data folder. The
    password itself stands in no configuration."""
    on: bool = False
    """Whether mails really leave this machine."""
    per_minute: int = Field(0, ge=0, le=1_000_000)
    """Most mails per minute; 0 is no limit."""


class Region(Value):
    """One tenant of an installation."""

    key: str = Field(pattern=r"^\d{2,8}$")
    """Official key: Kreis (5 digits), municipality (8) or Land (2)."""
    name: str = Field(min_length=1, max_length=200)
    """Name of the Landkreis or city."""
    land: str = Field(pattern=r"^[A-Z]{2}$")
    """Two-letter code of the Land (``MV``, ``SH``)."""
    service_name: str = Field("Kitalotse", max_length=80)
    """What the service is called here."""
    languages: tuple[str, ...] = ("de",)
    """Languages of the pages, the first is the default."""
    base_url: str = Field("http://localhost:8000", max_length=500, pattern=WEB_ADDRESS)
    """Public address, with the sub-path where it has one, without a slash at the end: ``https://bildung.example/vg``.
    Links in mails and feeds begin with it, and requests to it are this Region's."""
    sender_name: str = Field("Kitalotse", max_length=200)
    """Name in the mails' From."""
    sender_mail: str = Field("kitalotse@localhost", max_length=254)
    """Address in the mails' From."""
    reply_to: str | None = Field(None, max_length=254)
    """Address for answers."""
    official_areas: dict[Area, tuple[str, ...]] = {}
    """Official names of the areas of learning where they differ from the Land's."""
    timetable_url: str | None = Field(None, max_length=500)
    """Timetable information of the region."""
    imprint: str | None = Field(None, max_length=10_000)
    """Imprint (§ 5 DDG)."""
    privacy: str | None = Field(None, max_length=50_000)
    """Privacy notice."""
    accessibility: str | None = Field(None, max_length=50_000)
    """Accessibility statement."""
    private_persons: str | None = Field(None, max_length=10_000)
    """What Kitas are told about offers of private persons (Führungszeugnis, § 72a SGB VIII); else a default."""
    data_licence: str = Field("http://dcat-ap.de/def/licenses/cc-zero", max_length=400)
    """Licence of the facts that this Region publishes, as a URI of DCAT-AP.de."""
    publisher: str | None = Field(None, max_length=200)
    """Who publishes the data; the name of the Region where absent."""
    contributor_id: str | None = Field(None, max_length=400)
    """``dcatde:contributorID`` of the supplying portal, where the Region has one."""
    relay: Relay | None = None
    """Mail relay of its own."""
    coordinators: tuple[Coordinator, ...] = ()
    """People at the desk."""
    example: bool = False
    """Whether it is invented, for demo and tests."""
