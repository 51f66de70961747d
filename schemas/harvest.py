"""Sources, what they said (Records), how reading went (HarvestRun) and what was not understood (Issue)."""

import re
from enum import StrEnum
from typing import Annotated, Final, Literal, Self, get_args

from pydantic import AwareDatetime, Field, ValidationInfo, field_validator, model_validator

from schemas.base import Value
from schemas.identifiers import is_safe_name
from schemas.offer import Rights, SourceKey, SourceOffer

MAX_TEXT: Final = 50_000
"""Characters of a Record's text that are kept; longer texts are cut with an Issue."""

RecordField = Literal[
    "title", "subtitle", "text", "url", "provider", "provider_url",
    "place", "place_name", "street", "postcode", "locality", "lat", "lon",
    "start", "end", "start_date", "start_time", "end_date", "end_time", "all_day", "dates", "rrule",
    "ages", "price", "duration", "group_size", "audience", "kind", "modes", "service_area", "season", "weather",
    "accessibility", "practicalities", "languages", "areas", "topics", "category", "status", "capacity", "funding",
    "booking", "booking_url", "phone", "mail", "lead_time", "image_url", "image_licence", "image_credit", "updated",
    "entry",
]  # fmt: skip
"""Names under which a source's words are kept in a Record. ``start``/``end`` are dates or date-times in ISO form,
``start_date``, ``start_time`` … their parts in any wording; ``entry`` the JSON of a typed ``schemas.entry.Entry``;
everything else is wording for the normaliser."""
RECORD_FIELDS: Final[frozenset[str]] = frozenset(get_args(RecordField))

_LOOKUP: Final = re.compile(r"\blookups\.([a-z_]{1,40})\b")

Wording = Annotated[str, Field(max_length=MAX_TEXT)]


class AccessKind(StrEnum):
    """How a source is read."""

    STRUCTURED = "structured"
    """Web pages with schema.org (JSON-LD, microdata, RDFa) or h-event: listing page, follow, detail page (Scrapy)."""
    HTML = "html"
    """Web pages without markup, read by CSS selectors (Scrapy)."""
    PAGE = "page"
    """Web pages without markup and without selectors: title and main text of a page, or of its sections (Scrapy)."""
    ICAL = "ical"
    """An iCalendar feed (httpx)."""
    CSV = "csv"
    """A table with a header row (httpx)."""
    JSON = "json"
    """JSON over HTTP, mapped by dotted paths, optionally paged (httpx)."""
    PDF = "pdf"
    """A leaflet or programme as PDF (httpx): tables with a header row, else one offer under each heading."""
    RSS = "rss"
    """An RSS or Atom feed (httpx)."""
    GEOJSON = "geojson"
    """GeoJSON, its properties mapped by dotted paths (httpx)."""
    OAI = "oai"
    """OAI-PMH: records in Dublin Core, all of them in every run (httpx)."""
    RPDE = "rpde"
    """OpenActive's Realtime Paged Data Exchange, from its first page to its last in every run (httpx)."""
    LINKED_EVENTS = "linked_events"
    """The API of LinkedEvents (httpx)."""
    KULTURDATEN = "kulturdaten"
    """The API of kulturdaten.berlin: events, with the attractions and locations they refer to (httpx)."""
    CKAN = "ckan"
    """A dataset of an open-data portal that speaks CKAN's action API: its best file is read (httpx)."""
    DCAT = "dcat"
    """A dataset of a DCAT catalogue (Turtle, RDF/XML, JSON-LD): its best file is read (httpx)."""
    TABLE = "table"
    """A table that a coordinator uploads at the desk; nothing is fetched, its stored Records are read again."""
    FORM = "form"
    """Entries typed by providers on the portal or by coordinators at the desk; nothing is fetched."""


FETCHED: Final[frozenset[AccessKind]] = frozenset(AccessKind) - {AccessKind.TABLE, AccessKind.FORM}
"""Ways of access that read an address."""


class Access(Value):
    """Where a source lives and how to find offers in it."""

    kind: AccessKind
    """Way of access."""
    start: tuple[str, ...] = ()
    """Addresses to begin with (http or https), at least one; none where nothing is fetched (``table``, ``form``)."""
    follow: str | None = None
    """Web pages and ``pdf``: CSS selector of the links from a listing to the pages (leaflets) with the offers; without
    it the start pages are read."""
    next: str | None = None
    """Web pages and ``pdf``: CSS selector of the link to the next listing page; JSON: dotted path of the next page's
    address."""
    sitemap: str | None = None
    """Web pages and ``pdf``: the start addresses are sitemaps (or a robots.txt that names them); regular expression
    that is found in those of their addresses that are read (``/angebote/[^/]+$``)."""
    items: str | None = None
    """HTML: CSS selector of one offer where a page holds several; ``page``: of the headings below each of which one
    stands; JSON: dotted path of the list of items; tables: the sheet."""
    dataset: str | None = Field(None, max_length=2000)
    """DCAT: id or address of the dataset, where the catalogue holds several."""
    distribution: str | None = Field(None, max_length=2000)
    """CKAN, DCAT: format (``ics``, ``csv`` …) or id of the dataset's file; without it the best one is read."""
    key: str | None = None
    """Selector, column or path of the source's own key; rows with the same key are one Record with several
    occurrences. Without it: UID, ``@id``, canonical link or the page's address."""
    key_pattern: str | None = None
    """Regular expression with one group that takes the key out of what ``key`` gave (``^(.+)@coerde-events$``)."""
    fields: dict[RecordField, str] = {}
    """Record field → selector (``h1``, ``a.tel::attr(href)``), column name or dotted path."""
    delimiter: str | None = Field(None, min_length=1, max_length=1)
    """CSV: separator; without it it is detected."""
    encoding: str | None = None
    """Character encoding, where the source declares none or a wrong one."""
    zone: str = "Europe/Berlin"
    """Time zone of times without one."""
    max_pages: int = Field(200, ge=1, le=10_000)
    """Most pages of one run; a run cut by it is not complete."""

    @field_validator("start")
    @classmethod
    def _only_http(cls, start: tuple[str, ...]) -> tuple[str, ...]:
        for address in start:
            if not re.match(r"https?://[^/\s]+", address):
                raise ValueError(f"start: {address!r} is not an http or https address")
        return start

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        if (self.kind in FETCHED) is not bool(self.start):
            raise ValueError(
                f"start: kind {self.kind.value} needs at least one address"
                if self.kind in FETCHED
                else f"start: kind {self.kind.value} fetches nothing, so it has no address"
            )
        return self

    @field_validator("key_pattern", "sitemap")
    @classmethod
    def _is_pattern(cls, pattern: str | None, info: ValidationInfo) -> str | None:
        try:
            groups = re.compile(pattern or "").groups
        except re.error as error:
            raise ValueError(f"{info.field_name}: {pattern!r} is no regular expression ({error})") from error
        if pattern is not None and info.field_name == "key_pattern" and groups != 1:
            raise ValueError(f"key_pattern: {pattern!r} needs exactly one group")
        return pattern


class ExpectOffers(Value):
    """How many offers a good run brings."""

    min: int = Field(1, ge=0)
    """Fewer is implausible: the run withdraws nothing."""
    max: int = Field(100_000, ge=1)
    """More is implausible."""
    max_vanished: float = Field(0.2, ge=0, le=1)
    """Largest share of known offers that may vanish at once without a coordinator's look."""


class Expect(Value):
    """What a good run looks like."""

    offers: ExpectOffers = ExpectOffers()
    """Counts."""
    filled: dict[str, float] = {}
    """Offer field → least share of offers in which it is found."""


class Source(Value):
    """One place we read, with one way of access. The same model checks TOML files and rows made on the desk."""

    name: str
    """Name, equal to the file's stem: ``<land>_<provider>[_<access>]``."""
    title: str | None = Field(None, max_length=200)
    """German name for people; the provider's name where absent."""
    provider: str | None = Field(None, max_length=200)
    """The provider of every offer, where the source is one provider's own."""
    region: str = Field(pattern=r"^\d{2,8}$")
    """Official key (AGS or prefix) of the Region it belongs to."""
    homepage: str | None = Field(None, max_length=2000)
    """Page for people."""
    rhythm: Literal["hourly", "daily", "weekly", "monthly"] = "weekly"
    """How often it is read."""
    trust: Literal["hold", "publish"] = "hold"
    """``hold``: a coordinator looks at every offer first; ``publish``: clear offers need no click."""
    contact: str | None = Field(None, max_length=254)
    """Mail address of whoever answers for the source."""
    rights: Rights = Rights()
    """What may be done with texts and images."""
    access: Access
    """How it is read."""
    expect: Expect = Expect()
    """Counts and fill rates of a good run."""
    defaults: dict[RecordField, str] = {}
    """Words to use where a Record has none under that name."""
    lookups: dict[RecordField, dict[str, str]] = {}
    """Record field → wording of the source → wording that the normaliser understands (``""`` drops it)."""
    status: Literal["unverified", "verified"] = "unverified"
    """``verified`` once a preview or run of this installation has found offers; nobody claims it otherwise."""
    active: bool = True
    """Whether the scheduler reads it."""
    example: bool = False
    """Whether it is invented, for demo and tests."""

    @field_validator("name")
    @classmethod
    def _safe(cls, name: str) -> str:
        if not is_safe_name(name):
            raise ValueError(f"name: {name!r} must be lower-case snake_case, for instance mv_greifswald_kulturkalender")
        return name


class RawOccurrence(Value):
    """One dated instance as the source says it."""

    start: str = Field(max_length=80)
    """ISO date or date-time, with or without offset."""
    end: str | None = Field(None, max_length=80)
    """ISO date or date-time; for all-day iCalendar events already the last day, inclusive."""
    words: str | None = Field(None, max_length=400)
    """Free text about the time, for instance "ab 19.30 Uhr"."""
    status: str | None = Field(None, max_length=80)
    """The source's word for its state (``CANCELLED``, ``EventCancelled``, "ausgebucht")."""
    replaces: str | None = Field(None, max_length=80)
    """Start of the instance of ``rrule`` that this one replaces (RECURRENCE-ID)."""


class Record(Value):
    """What a source said about one offer, untouched; stored, so that it can be understood again without a network."""

    origin: SourceKey
    """Identity at the source."""
    format: str = Field(max_length=40)
    """Format module that read it (``jsonld``, ``microdata``, ``html_selectors``, ``ical``, ``csv``, ``json_api`` …)."""
    title: str = Field(max_length=2_000)
    """Title as written."""
    text: Wording = ""
    """All prose about the offer, one paragraph a line, without markup."""
    url: str | None = Field(None, max_length=2000)
    """The offer's own page."""
    words: dict[RecordField, Wording] = {}
    """Everything else the source says, by name."""
    occurrences: tuple[RawOccurrence, ...] = Field((), max_length=2_000)
    """Dated instances, as given."""
    rrule: str | None = Field(None, max_length=1_000)
    """RFC 5545 rule, starting at the first occurrence."""
    exdates: tuple[str, ...] = Field((), max_length=2_000)
    """Starts excluded from ``rrule``."""
    unread: dict[str, Wording] = {}
    """Fields of the source that no mapping uses, for the audit."""
    address: str | None = Field(None, max_length=2000)
    """Address it was read from."""
    fetched_at: AwareDatetime | None = None
    """When it was read; no part of the fingerprint."""


class Issue(Value):
    """Something that was not understood or went wrong, with its wording; never a silent null."""

    field: str
    """Offer or Record field, or ``source``, ``run``, ``record`` for what concerns more than a field."""
    wording: str = Field(max_length=500)
    """The words in question."""
    rule: str
    """Code of the rule that gave up, for instance ``price.not_understood``, ``fetch.unreachable``."""
    where: str = Field(max_length=2300)
    """Source and address, or source and key."""
    message: str | None = Field(None, max_length=1000)
    """German sentence for the desk: what happened."""
    remedy: str | None = Field(None, max_length=1000)
    """German sentence: what to do."""
    count: int = Field(1, ge=1)
    """How often the same wording was met, where grouped."""


def words_of(issue: Issue) -> tuple[str, str] | None:
    """The Record field and the wording by which the desk is asked about ``issue``; ``None`` where no lookup would help.

    Its remedy names the lookup (``lookups.price``) to which a meaning could be added.
    """
    named = _LOOKUP.search(issue.remedy or "")
    if named is None or named[1] not in RECORD_FIELDS or not issue.wording.strip():
        return None
    return named[1], issue.wording.replace("\0", "\N{REPLACEMENT CHARACTER}")


class RunStatus(StrEnum):
    """How a run ended."""

    RUNNING = "running"
    COMPLETE = "complete"
    """Everything was read."""
    UNCHANGED = "unchanged"
    """The source said of all it was asked that nothing has changed (304); all its offers count as seen."""
    INCOMPLETE = "incomplete"
    """Something was read, not everything; nothing is withdrawn."""
    FAILED = "failed"
    """Nothing could be read; nothing stored is touched."""
    EXCLUDED = "excluded"
    """Nothing was asked, because the provider does not want to be listed; nothing is wrong with the source."""


class Drift(Value):
    """A way in which a source's offers are not what its description expects, or what they were in former runs."""

    field: str
    """Offer field that is stated too seldom; ``kita_suitability`` for whom they suit, ``offers`` for how many there
    are."""
    rule: str
    """``expect.filled``, ``drift.filled``, ``drift.suitability`` or ``drift.offers``."""
    was: float
    """Share (of ``offers``: number) that is expected, or that was usual."""
    now: float
    """Share or number of this run."""
    since: int | None = None
    """Number of the first run that showed it."""
    message: str
    """German sentence: what happened."""
    remedy: str
    """German sentence: what to do."""

    @property
    def is_illness(self) -> bool:
        """Whether it speaks for a reading that went wrong. A number of offers is a fact that may well be right."""
        return self.field != "offers"


class FillRates(Value):
    """What the offers that a run showed state, counted."""

    reader: str
    """Version of the formats and of the normaliser that read them; other versions are not compared."""
    offers: int
    """Offers that were counted: read by this run, or seen unchanged."""
    filled: dict[str, int] = {}
    """Offer field → offers that state it; absent is none."""
    suitable: dict[str, int] = {}
    """Verdict on their suitability for Kita groups → offers."""
    drifts: tuple[Drift, ...] = ()
    """What is not as it should be or used to be, as long as it lasts."""

    @property
    def illnesses(self) -> tuple[Drift, ...]:
        """Those of ``drifts`` that speak for a reading that went wrong."""
        return tuple(drift for drift in self.drifts if drift.is_illness)

    def share(self, name: str) -> float:
        """Share of the offers that state the field; 0 where there are none."""
        return self.filled.get(name, 0) / self.offers if self.offers else 0.0


class HarvestRun(Value):
    """One reading of one source."""

    id: int | None = None
    """Number in the database; ``None`` for a dry run."""
    source: str
    """Name of the source."""
    started_at: AwareDatetime
    """When it began."""
    finished_at: AwareDatetime | None = None
    """When it ended."""
    status: RunStatus = RunStatus.RUNNING
    """How it ended."""
    records: int = 0
    """Records read."""
    new: int = 0
    """Offers seen for the first time."""
    changed: int = 0
    """Offers whose Record or reading changed."""
    unchanged: int = 0
    """Offers seen again as they were."""
    returned: int = 0
    """Offers that had vanished and are back."""
    missing: int = 0
    """Known offers that this run did not show."""
    withdrawn: int = 0
    """Offers withdrawn by this run."""
    issues: tuple[Issue, ...] = ()
    """What was not understood, grouped."""
    message: str | None = None
    """German sentence on how it went."""
    fill: FillRates | None = None
    """How often its offers state what; ``None`` where nothing was read, and of runs before this was counted."""

    @property
    def is_ill(self) -> bool:
        """Whether the source was not read well: not, not all of it, or with offers that state much less than usual."""
        return self.status in (RunStatus.FAILED, RunStatus.INCOMPLETE) or bool(self.fill and self.fill.illnesses)


class Normalised(Value):
    """One Record, understood."""

    offer: SourceOffer
    """The offer with provenance per field."""
    issues: tuple[Issue, ...] = ()
    """What was not understood."""


class RunResult(Value):
    """What reading a source brought, before anything is stored."""

    records: tuple[Record, ...] = ()
    """Records in the order of the source, one per identity."""
    issues: tuple[Issue, ...] = ()
    """What went wrong while reading."""
    complete: bool = False
    """Whether everything was read (end marker seen, no page failed, no cap reached)."""
    not_modified: bool = False
    """Whether the source answered that nothing has changed: everything it has counts as seen."""
    unchanged: tuple[SourceKey, ...] = ()
    """Identities on pages that have not changed (304): seen, and stored as they are."""
    gone: tuple[str, ...] = ()
    """Addresses of offers of which the source says that they are gone for good (410)."""
    deleted: tuple[str, ...] = ()
    """Keys of offers that the source itself lists as deleted (OAI-PMH, RPDE)."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.not_modified and self.records:
            raise ValueError("a source that is not modified has no records to read")
        return self
