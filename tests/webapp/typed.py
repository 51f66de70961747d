"""What providers type, as forms and as entries; how they come to their links."""

import re
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from schemas.entry import Entry
from schemas.review import DecisionKind
from schemas.store.entries import StoredEntry, entry_by_key
from schemas.store.reviews import decide
from schemas.tables.letters import letters
from schemas.tables.providers import entries
from tests.webapp.site import COORDINATOR, HERE, Reader, Site
from webapp.entries import confirm, submit
from webapp.entry_letters import Desk

ERNA = "erna@post.example"
FORM: dict[str, Any] = {
    "who": "person",
    "name": "Erna Schmidtke",
    "address": ERNA,
    "title": "Töpfern mit Ton",
    "text": "Wir formen Ton. Bitte Schürzen mitbringen.",
    "kind": "mobile_visit",
    "audience": ["kita"],
    "age_from": "3",
    "age_to": "6",
    "children_max": "12",
    "duration": "60",
    "price_model": "free",
    "modes": ["in_kita"],
    "locality": "Greifswald",
    "radius_km": "20",
    "around": "17489",
    "schedule_kind": "on_request",
    "weekdays": ["MO", "TU"],
    "hour_from": "9",
    "hour_to": "11:30",
    "phone": "0171 2345678",
    "mail": "erna.schmidtke@gmx.example",
    "consent": "1",
    "areas": ["music_art_theatre"],
    "terms": "permission",
}
"""A private person who comes to Kitas with clay, and agrees to be shown."""
FOREST: dict[str, Any] = {
    "who": "organisation",
    "name": "Waldschule Peenetal",
    "address": "post@waldschule.example",
    "title": "Waldtag am Fluss",
    "audience": ["kita"],
    "modes": ["at_provider"],
    "street": "Hauptstraße 1",
    "postcode": "17389",
    "locality": "Anklam",
    "phone": "03971 12345",
    "terms": "facts_only",
}
"""An organisation that says little."""


def make_entry(**changes: Any) -> Entry:
    """A private person's offer in the Kita, with consent."""
    return Entry.model_validate(
        {
            "person": True,
            "name": "Erna Schmidtke",
            "title": "Töpfern mit Ton",
            "text": "Wir formen Ton.",
            "ages": {"min_months": 36, "max_months": 83},
            "modes": ("in_kita",),
            "phone": "0171 2345678",
            "mail": "erna.schmidtke@gmx.example",
            "consent": True,
            "terms": "permission",
        }
        | changes
    )


def desk(site: Site, region: str = "13075") -> Desk:
    """In whose name letters are written."""
    found = site.app.extensions["kitalotse"].regions[region]
    return Desk(found, site.links, found.base_url, True)


def type_in(site: Site, entry: Entry | None = None, *, address: str = ERNA, accept: bool = False) -> StoredEntry:
    """An entry that its provider confirmed, and the coordinator accepted where that is said."""
    with site.database.begin() as session:
        stored = submit(session, desk(site), entry or make_entry(), address=address, now=site.now)
        offer = confirm(session, desk(site), stored, now=site.now)
        if accept:
            decide(session, offer, DecisionKind.ACCEPT, by=COORDINATOR, now=site.now)
    return again(site, stored)


def again(site: Site, stored: StoredEntry) -> StoredEntry:
    """The entry as it stands now."""
    with site.database.read() as session:
        found = entry_by_key(session, stored.key)
    assert found is not None
    return found


def own_path(site: Site, stored: StoredEntry) -> str:
    """Path of the page that the provider's link opens."""
    return desk(site).url(again(site, stored)).removeprefix(f"http://{HERE}")


def confirm_path(client: Reader, site: Site, form: dict[str, Any] | None = None) -> str:
    """Submit ``form``; path of the link in the letter that follows."""
    assert client.post("/anbieten", data=form or FORM).status_code == 200
    kind, _to, text = written(site)[-1]
    assert kind == "entry_confirm"
    return link(text, "anbieten/bestaetigen")


def written(site: Site) -> list[tuple[str, str, str]]:
    """Kind, address and text of every letter, oldest first."""
    c = letters.c
    with site.database.read() as session:
        return [tuple(row) for row in session.execute(select(c.kind, c.address, c.text).order_by(c.id))]


def link(text: str, path: str) -> str:
    """The first link of a letter that leads below ``path``."""
    found = re.search(rf"http://{HERE}(/{path}/\S+)", text)
    assert found, text
    return found[1]


def entry_rows(session: Session) -> list[Any]:
    """Every row of entries."""
    return list(session.execute(select(entries).order_by(entries.c.id)))
