"""schema.org JSON-LD: every term belongs to its type, nothing is invented, nothing can leave the script element."""

import json
from datetime import date, time, timedelta
from typing import Any

import pytest
from lxml import html

from schemas.offer import AgeRange, Price, Recurrence, Rights, Schedule, ServiceArea, TimeWindow
from schemas.organisation import Booking, Provider
from schemas.publish import PublicOffer, public
from schemas.vocabulary import (
    Access,
    Answer,
    Audience,
    Kind,
    Mode,
    PriceModel,
    RightsKind,
    ScheduleKind,
    Status,
    Weekday,
)
from tests.factories import OPEN, TODAY, make_dated_schedule, make_offer, make_source, make_source_offer
from tests.webapp.site import HOSTILE, Site
from webapp.feeds.jsonld import MAX_SUB_EVENTS, jsonld, jsonld_script

# type → properties that schema.org 30.0 gives it and its parents, of those that we may want to use
THING = {"name", "description", "url", "subjectOf"}
EVENT = THING | {
    "about", "audience", "duration", "endDate", "eventAttendanceMode", "eventSchedule", "eventStatus", "inLanguage",
    "isAccessibleForFree", "keywords", "location", "maximumAttendeeCapacity", "offers", "organizer", "startDate",
    "subEvent", "superEvent", "typicalAgeRange",
}  # fmt: skip
TERMS: dict[str, set[str]] = {
    "Event": EVENT,
    "EventSeries": EVENT,
    "Service": THING | {"areaServed", "audience", "availableChannel", "category", "offers", "provider", "serviceType"},
    "ServiceChannel": THING | {"serviceLocation", "serviceUrl", "servicePhone"},
    "Schedule": THING
    | {
        "byDay",
        "byMonth",
        "endDate",
        "endTime",
        "exceptDate",
        "repeatFrequency",
        "scheduleTimezone",
        "startDate",
        "startTime",
    },
    "PeopleAudience": THING | {"audienceType", "geographicArea", "suggestedAge", "suggestedMaxAge", "suggestedMinAge"},
    "EducationalAudience": THING | {"audienceType", "educationalRole", "geographicArea"},
    "Offer": THING | {"availability", "price", "priceCurrency", "validFrom", "validThrough"},
    "Organization": THING | {"address", "email", "telephone"},
    "Place": THING | {"address", "amenityFeature", "geo"},
    "PostalAddress": THING | {"addressCountry", "addressLocality", "addressRegion", "postalCode", "streetAddress"},
    "GeoCoordinates": THING | {"latitude", "longitude"},
    "LocationFeatureSpecification": THING | {"value"},
    "DefinedTerm": THING | {"inDefinedTermSet", "termCode"},
    "CreativeWork": THING | {"creditText", "dateModified", "isBasedOn", "license", "sdDatePublished", "sdPublisher"},
}
ENUMERATIONS = {"eventStatus", "eventAttendanceMode", "availability"}
TUESDAYS = Schedule(
    kind=ScheduleKind.RECURRING,
    recurrence=Recurrence(
        rule="FREQ=WEEKLY;INTERVAL=2;BYDAY=TU", starts_on=date(2026, 9, 1), except_days=(date(2026, 12, 22),)
    ),
    weekdays=(Weekday.TU,),
    hours=(TimeWindow(start=time(9), end=time(10, 30)),),
)
KINDS_OF_OFFER: dict[str, dict[str, Any]] = {
    "by arrangement": {},
    "one date": {"schedule": make_dated_schedule(TODAY)},
    "one day": {"schedule": make_dated_schedule(TODAY, start=None, end=None)},
    "many dates": {"schedule": make_dated_schedule(*(TODAY + timedelta(days=n) for n in range(80)))},
    "recurring": {"schedule": TUESDAYS},
    "monthly": {
        "schedule": Schedule(kind=ScheduleKind.RECURRING, recurrence=Recurrence(rule="FREQ=MONTHLY;BYDAY=1WE,FR"))
    },
    "recurring, nothing known": {"schedule": Schedule(kind=ScheduleKind.RECURRING)},
    "not scheduled": {"schedule": None},
    "mobile": {
        "modes": (Mode.IN_KITA,),
        "kind": Kind.MOBILE_VISIT,
        "service_area": ServiceArea(words="ganzer Landkreis"),
        "rights": OPEN,
    },
    "training": {
        "audience": (Audience.STAFF,),
        "ages": None,
        "schedule": make_dated_schedule(TODAY),
        "modes": (Mode.ONLINE, Mode.AT_PROVIDER),
    },
    "permission": {"rights": Rights(kind=RightsKind.PERMISSION, granted_by="Frau Muster", granted_on=TODAY)},
    "accessible": {
        "schedule": make_dated_schedule(TODAY),
        "accessibility": {Access.WHEELCHAIR: Answer.YES, Access.BUGGY: Answer.LIMITED, Access.SIGHT: Answer.NO},
    },
    "cancelled": {"schedule": make_dated_schedule(TODAY), "status": Status.CANCELLED},
    "bare": {
        "schedule": make_dated_schedule(TODAY),
        "ages": None,
        "price": None,
        "place": None,
        "provider": None,
        "areas": (),
        "modes": (),
        "languages": (),
        "group_size": None,
        "audience": (),
        "url": None,
    },
}


def shown(**changes: Any) -> PublicOffer:
    return public(make_offer(**changes))


def node(**changes: Any) -> dict[str, Any]:
    return jsonld(shown(**changes), base_url="https://k.example")


def check(value: Any, where: str = "") -> None:
    """Every node has a type, every property belongs to one of its types, nothing is empty, enumerations are nodes."""
    if isinstance(value, list):
        assert value, where
        for item in value:
            check(item, where)
    elif isinstance(value, dict) and set(value) != {"@id"}:
        types = value["@type"] if isinstance(value["@type"], list) else [value["@type"]]
        terms = set().union(*(TERMS[name] for name in types))
        for key, item in value.items():
            if key.startswith("@"):
                continue
            assert key in terms, f"{where}: {key} is no property of {types}"
            if key in ENUMERATIONS:
                assert set(item) == {"@id"}, key
                assert item["@id"].startswith("https://schema.org/")
            check(item, f"{where}/{key}")
    else:
        assert value not in (None, "", {}), where


@pytest.mark.parametrize("changes", KINDS_OF_OFFER.values(), ids=KINDS_OF_OFFER)
def test_every_term_belongs_to_its_type(changes):
    made = node(**changes)

    check(made)
    assert made["@context"] == "https://schema.org"
    assert made["@id"] == "https://k.example/angebote/oaaaaaaaaaaaaaaa"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("by arrangement", "Service"),
        ("not scheduled", "Service"),
        ("one date", "Event"),
        ("many dates", "EventSeries"),
        ("recurring", "EventSeries"),
    ],
)
def test_the_type_follows_the_schedule(name, expected):
    assert node(**KINDS_OF_OFFER[name])["@type"] == expected


def test_a_date_carries_its_offset_and_a_day_none():
    assert node(**KINDS_OF_OFFER["one date"])["startDate"] == "2026-11-23T10:00:00+01:00"
    assert node(**KINDS_OF_OFFER["one day"])["startDate"] == "2026-11-23"
    assert "endDate" not in node(**KINDS_OF_OFFER["one day"])


def test_many_dates_are_sub_events_up_to_a_bound():
    made = node(**KINDS_OF_OFFER["many dates"])

    assert len(made["subEvent"]) == MAX_SUB_EVENTS
    assert all(event["location"] == made["location"] for event in made["subEvent"])


def test_a_rule_is_a_schedule_and_a_monthly_one_is_not_made_weekly():
    weekly = node(**KINDS_OF_OFFER["recurring"])["eventSchedule"]
    monthly = node(**KINDS_OF_OFFER["monthly"])["eventSchedule"]

    assert (weekly["repeatFrequency"], weekly["startTime"], weekly["exceptDate"]) == ("P2W", "09:00:00", ["2026-12-22"])
    assert weekly["byDay"] == [{"@id": "https://schema.org/Tuesday"}]
    assert (monthly["repeatFrequency"], monthly["byDay"]) == ("P1M", ["1WE", {"@id": "https://schema.org/Friday"}])
    assert "eventSchedule" not in node(**KINDS_OF_OFFER["recurring, nothing known"])


def test_a_cancelled_offer_and_its_dates_say_so():
    assert node(**KINDS_OF_OFFER["cancelled"])["eventStatus"] == {"@id": "https://schema.org/EventCancelled"}


def test_what_is_not_stated_is_not_there():
    assert set(node(**KINDS_OF_OFFER["bare"])) == {
        "@context", "@id", "@type", "name", "description", "url", "subjectOf", "eventStatus", "startDate", "endDate"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("ages", "expected"),
    [((36, 83), "3-6"), ((48, None), "4-"), ((None, 35), "-2"), ((0, 35), "0-2")],
)
def test_ages_are_given_in_years(ages, expected):
    low, high = ages

    made = node(ages=AgeRange(min_months=low, max_months=high), schedule=make_dated_schedule(TODAY))

    assert made["typicalAgeRange"] == expected
    assert ("suggestedMinAge" in made["audience"]) == (low is not None)


def test_a_price_is_given_only_where_an_amount_is_known():
    assert node(price=Price(model=PriceModel.FREE))["offers"]["price"] == 0
    assert node(price=Price(model=PriceModel.PER_GROUP, amount_eur=45))["offers"]["description"] == "pro Gruppe"
    assert "offers" not in node(price=Price(model=PriceModel.UNKNOWN))
    assert "offers" not in node(price=None)


def test_licence_and_credit_stand_on_the_record_and_a_permission_is_no_licence():
    assert node(rights=OPEN)["subjectOf"]["license"] == OPEN.licence
    assert node(rights=OPEN)["subjectOf"]["creditText"] == "Beispielmuseum, verändert: gekürzt, vereinheitlicht"
    assert node()["subjectOf"]["license"] == "http://dcat-ap.de/def/licenses/cc-zero"
    assert "license" not in node(**KINDS_OF_OFFER["permission"])["subjectOf"]
    assert "Muster" not in json.dumps(node(**KINDS_OF_OFFER["permission"]))


@pytest.mark.parametrize(("rights", "told"), [("permission", False), ("mobile", True)])
def test_words_of_the_source_stand_here_only_under_an_open_licence(rights, told):
    words = {"summary": "Mit Hammer und Lupe.", "service_area": ServiceArea(words="rund um die Burg")}
    offer = KINDS_OF_OFFER[rights] | words

    made = node(**offer)

    assert shown(**offer).summary == words["summary"]
    assert (made["description"] == words["summary"], made.get("areaServed") == "rund um die Burg") == (told, told)
    assert made["description"] in (words["summary"], shown(**offer).sentence)


def test_staff_are_no_students():
    assert node(**KINDS_OF_OFFER["training"])["audience"]["educationalRole"] == "teacher"
    assert node()["audience"]["educationalRole"] == "student"


def test_only_web_addresses_are_passed_on():
    made = node(
        url="javascript:alert(1)", provider=Provider(name="P", url="data:x"), booking=Booking(url="file:///etc/passwd")
    )

    assert made["url"] == made["@id"]
    assert "url" not in made["provider"]
    assert "url" not in made["offers"]
    assert "isBasedOn" not in made["subjectOf"]


@pytest.mark.parametrize("words", [HOSTILE, "<!--", "<!--<script", "]]>", "\u2028", "&lt;/script&gt;", "a\nb\\"])
def test_nothing_leaves_the_script_element(words):
    page = f"<html><head>{jsonld_script(shown(title=words), base_url='https://k.example')}</head><body><p>x</p></body></html>"
    read = html.fromstring(page)
    (script,) = read.iter("script")

    assert json.loads(script.text)["name"] == words.replace("\u202e", "").replace("\0", "")
    assert read.cssselect("body > *")[0].tag == "p"


def test_the_page_of_an_offer_carries_its_node(site: Site):
    (offer,) = site.harvest(make_source_offer(rights=OPEN), source=make_source(rights=OPEN))
    (script,) = html.fromstring(site.client().get(f"/angebote/{offer}").text).iter("script")

    found = json.loads(script.text)

    check(found)
    assert script.get("type") == "application/ld+json"
    assert found["@id"] == f"http://kitalotse.example/angebote/{offer}"
