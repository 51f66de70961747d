"""Codes and their German labels, each in one place.

Codes are English snake_case and never change; labels may. The official names of the areas of learning differ from
Land to Land, so each Land has its own mapping: a Region names its Land, nothing else.
"""

from enum import StrEnum
from typing import Final, Self


class Code(StrEnum):
    """A code with its German label: ``Area.STEM == "stem"`` and ``Area.STEM.label`` is what people read."""

    label: str

    def __new__(cls, value: str, label: str = "") -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.label = label
        return member


class Kind(Code):
    """What sort of thing an offer is."""

    VISIT = "visit", "Besuch vor Ort"
    MOBILE_VISIT = "mobile_visit", "Besuch in der Kita"
    COURSE = "course", "Kurs"
    EVENT = "event", "Veranstaltung"
    LOAN_KIT = "loan_kit", "Leihkoffer"
    DIGITAL_MATERIAL = "digital_material", "Digitales Material"
    STAFF_TRAINING = "staff_training", "Fortbildung"
    NETWORK_MEETING = "network_meeting", "Netzwerktreffen"
    VOLUNTEER = "volunteer", "Ehrenamt"


class Audience(Code):
    """Whom an offer is made for. ``kita``: groups of children before school; ``hort``: school children in day care."""

    KITA = "kita", "Kita-Gruppen"
    HORT = "hort", "Hort"
    SCHOOL = "school", "Schule"
    FAMILY = "family", "Familien"
    ADULT = "adult", "Erwachsene"
    STAFF = "staff", "Fachkräfte"


class Verdict(Code):
    """An answer that may honestly be open."""

    YES = "yes", "ja"
    NO = "no", "nein"
    UNSURE = "unsure", "unklar"


class Mode(Code):
    """Where an offer can take place; several are possible."""

    AT_PROVIDER = "at_provider", "beim Anbieter"
    IN_KITA = "in_kita", "in der Kita"
    OUTDOOR = "outdoor", "draußen"
    ONLINE = "online", "online"


class PriceModel(Code):
    """How a price is counted. ``unknown`` is for a price that is spoken of but not named ("auf Anfrage")."""

    FREE = "free", "kostenfrei"
    PER_CHILD = "per_child", "pro Kind"
    PER_GROUP = "per_group", "pro Gruppe"
    DONATION = "donation", "gegen Spende"
    UNKNOWN = "unknown", "auf Anfrage"


class ScheduleKind(Code):
    """When an offer takes place."""

    ON_REQUEST = "on_request", "nach Vereinbarung"
    RECURRING = "recurring", "regelmäßig"
    DATED = "dated", "mit festem Termin"


class Weekday(Code):
    """Days as RFC 5545 writes them."""

    MO = "MO", "Montag"
    TU = "TU", "Dienstag"
    WE = "WE", "Mittwoch"
    TH = "TH", "Donnerstag"
    FR = "FR", "Freitag"
    SA = "SA", "Samstag"
    SU = "SU", "Sonntag"


class OccurrenceStatus(Code):
    """Whether one dated instance takes place."""

    SCHEDULED = "scheduled", "findet statt"
    CANCELLED = "cancelled", "entfällt"
    SOLD_OUT = "sold_out", "ausgebucht"


class Status(Code):
    """Where an offer stands. Only ``published`` and ``cancelled`` are shown; ``gone`` leaves a tombstone."""

    PUBLISHED = "published", "veröffentlicht"
    HELD = "held", "zurückgehalten"
    REJECTED = "rejected", "abgelehnt"
    CANCELLED = "cancelled", "abgesagt"
    GONE = "gone", "zurückgezogen"
    EXPIRED = "expired", "vorbei"


class Area(Code):
    """Areas of learning: our own small list that every Land's official list maps onto."""

    LANGUAGE = "language", "Sprache und Kommunikation"
    SOCIAL_VALUES = "social_values", "Soziales und Werte"
    STEM = "stem", "Mathematik, Naturwissenschaft, Technik"
    MEDIA = "media", "Medien"
    MUSIC_ART_THEATRE = "music_art_theatre", "Musik, Kunst, Theater"
    MOVEMENT_HEALTH = "movement_health", "Körper, Bewegung, Gesundheit"
    NATURE_SUSTAINABILITY = "nature_sustainability", "Natur und Nachhaltigkeit"
    WORLD_REGION_SOCIETY = "world_region_society", "Welt, Region, Gesellschaft"


class Topic(Code):
    """What an offer is about, finer than an area of learning and independent of it."""

    THEATRE = "theatre", "Theater"
    MUSEUM = "museum", "Museum"
    MUSIC = "music", "Musik"
    DANCE = "dance", "Tanz"
    ART = "art", "Kunst"
    BOOKS = "books", "Bücher und Vorlesen"
    NATURE = "nature", "Natur"
    ANIMALS = "animals", "Tiere"
    FARM = "farm", "Bauernhof"
    FOREST = "forest", "Wald"
    WATER = "water", "Wasser und Meer"
    EXPERIMENTS = "experiments", "Forschen und Experimentieren"
    TECHNOLOGY = "technology", "Technik"
    CRAFT = "craft", "Basteln und Werken"
    HISTORY = "history", "Geschichte"
    TRAFFIC = "traffic", "Verkehr"
    FIRE_RESCUE = "fire_rescue", "Feuerwehr und Rettung"
    SPORT = "sport", "Sport und Bewegung"
    NUTRITION = "nutrition", "Ernährung"
    HEALTH = "health", "Gesundheit"
    ENVIRONMENT = "environment", "Umwelt"
    MEDIA = "media", "Medien"
    FAITH = "faith", "Religion"
    CULTURES = "cultures", "Kulturen und Sprachen"
    CRAFTSMANSHIP = "craftsmanship", "Handwerk"


class Access(Code):
    """Accessibility an offer may have and a Kita may need."""

    WHEELCHAIR = "wheelchair", "mit Rollstuhl"
    BUGGY = "buggy", "mit Kinderwagen"
    QUIET_ROOM = "quiet_room", "Ruheraum"
    EASY_LANGUAGE = "easy_language", "einfache Sprache, Bilder"
    HEARING = "hearing", "für Hörbehinderte"
    SIGHT = "sight", "für Sehbehinderte"


class Practicality(Code):
    """Small things that decide whether a trip works."""

    TOILET = "toilet", "Toilette"
    CLOAKROOM = "cloakroom", "Garderobe"
    PLACE_TO_EAT = "place_to_eat", "Platz zum Essen"
    ROOM_NEEDED = "room_needed", "Raum in der Kita nötig"


class Answer(Code):
    """What is known about an accessibility or practicality code; an absent code means *not stated*."""

    YES = "yes", "ja"
    NO = "no", "nein"
    LIMITED = "limited", "eingeschränkt"


class Weather(Code):
    """How much an offer depends on the weather."""

    INDOOR = "indoor", "drinnen"
    OUTDOOR = "outdoor", "draußen"
    EITHER = "either", "drinnen oder draußen"


class Funding(Code):
    """Funds that may pay for an offer; eligibility is never decided here."""

    BUT = "but", "Bildung und Teilhabe"
    LOCAL = "local", "örtliche Förderung"


class BookingWay(Code):
    """How an offer is booked."""

    PHONE = "phone", "Telefon"
    MAIL = "mail", "E-Mail"
    LINK = "link", "Internetseite"
    FORM = "form", "Formular"


class RightsKind(Code):
    """What we may do with a source's texts and images (law 9)."""

    OPEN = "open", "offene Lizenz"
    PERMISSION = "permission", "mit Erlaubnis"
    FACTS_ONLY = "facts_only", "nur Fakten"


class TravelMeans(Code):
    """How a Kita gets around."""

    FOOT = "foot", "zu Fuß"
    PUBLIC_TRANSPORT = "public_transport", "Bus und Bahn"
    OWN_BUS = "own_bus", "eigener Bus"
    CHARTER = "charter", "gemieteter Bus"


class Answered(Code):
    """What a Kita may answer to a recommendation."""

    INTERESTED = "interested", "Interessant"
    NOT_FOR_US = "not_for_us", "Nicht für uns"
    BOOKED = "booked", "Gebucht"
    ALREADY_DID = "already_did", "Kennen wir"
    LATER = "later", "Später"


LANGUAGES: Final[dict[str, str]] = {
    "de": "Deutsch",
    "en": "Englisch",
    "pl": "Polnisch",
    "uk": "Ukrainisch",
    "ru": "Russisch",
    "ar": "Arabisch",
    "tr": "Türkisch",
    "fa": "Persisch",
    "ku": "Kurdisch",
    "fr": "Französisch",
    "es": "Spanisch",
    "it": "Italienisch",
    "ro": "Rumänisch",
    "bg": "Bulgarisch",
    "vi": "Vietnamesisch",
    "da": "Dänisch",
    "frr": "Nordfriesisch",
    "nds": "Niederdeutsch",
    "gsg": "Deutsche Gebärdensprache",
}
"""Languages by ISO 639 code (``nds`` Low German and ``gsg`` German sign language have no two-letter code)."""

OFFICIAL_AREAS: Final[dict[str, dict[Area, tuple[str, ...]]]] = {
    "MV": {
        Area.LANGUAGE: ("Alltagsintegrierte Sprachbildung und Kommunikation",),
        Area.SOCIAL_VALUES: ("Personale und sozial-emotionale Entwicklung, Werteorientierung und Religiosität",),
        Area.STEM: (
            "Elementares mathematisches Denken, Welterkundung sowie technische und naturwissenschaftliche "
            "Grunderfahrungen",
        ),
        Area.MEDIA: ("Medien und digitale Bildung",),
        Area.MUSIC_ART_THEATRE: ("Musik, Ästhetik und bildnerisches Gestalten",),
        Area.MOVEMENT_HEALTH: ("Körper, Bewegung, Gesundheit und Prävention",),
        Area.NATURE_SUSTAINABILITY: ("Umweltbildung und Bildung für nachhaltige Entwicklung",),
        Area.WORLD_REGION_SOCIETY: (
            "Elementares mathematisches Denken, Welterkundung sowie technische und naturwissenschaftliche "
            "Grunderfahrungen",
        ),
    },
    "SH": {
        Area.LANGUAGE: ("Sprache(n), Zeichen/Schrift und Kommunikation",),
        Area.SOCIAL_VALUES: ("Ethik, Religion und Philosophie",),
        Area.STEM: ("Mathematik, Naturwissenschaft und Technik",),
        Area.MEDIA: ("Musisch-ästhetische Bildung und Medien",),
        Area.MUSIC_ART_THEATRE: ("Musisch-ästhetische Bildung und Medien",),
        Area.MOVEMENT_HEALTH: ("Körper, Gesundheit und Bewegung",),
        Area.NATURE_SUSTAINABILITY: ("Mathematik, Naturwissenschaft und Technik",),
        Area.WORLD_REGION_SOCIETY: ("Kultur, Gesellschaft und Politik",),
    },
}
"""Official names per Land of what each area covers.

MV: Bildungskonzeption für 0- bis 10-jährige Kinder, edition 2020/21. LANGUAGE, STEM, MEDIA and MOVEMENT_HEALTH are
confirmed by public reports of that edition; the others must be checked against § 3 KiföG M-V before official use.
SH: "Erfolgreich starten", Leitlinien zum Bildungsauftrag (six areas); names to be checked likewise.
A Region may override them in its TOML.
"""
