"""A site in which every text that somebody else wrote is chosen by the test: harvested, typed, uploaded, mailed."""

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any, Final
from unittest.mock import patch

from schemas.harvest import HarvestRun, Issue, RunStatus, Source
from schemas.offer import Image as Picture
from schemas.offer import Occurrence, Price, Rights, Schedule, ServiceArea, SourceKey, SourceOffer, Suitability
from schemas.organisation import Booking, Contact, Provider
from schemas.review import DecisionKind
from schemas.store.drafts import DraftKind, add_draft, save_failure, save_preview
from schemas.store.entries import Decided, StoredEntry, entries_of, entry_by_key
from schemas.store.invitations import invite
from schemas.store.reviews import correct, decide
from schemas.store.suggestions import suggest
from schemas.store.wordings import keep_wordings
from schemas.vocabulary import BookingWay, PriceModel, RightsKind, ScheduleKind, Verdict
from tests.factories import TODAY, make_group, make_kita, make_place, make_provenance, make_recipient, make_source
from tests.factories import make_source_offer as make
from tests.webapp.site import WEEK, Household, Site, csrf_token
from tests.webapp.typed import entry_rows
from webapp.digest import Issuing, prepare
from webapp.entries import confirm
from webapp.entry_letters import Desk, ask_still_correct, send_links, tell_decision, tell_ended, tell_typed
from webapp.friday import write_friday
from webapp.mail.sender import Letters, Sending, send_due
from webapp.mail.transports import Outbox

MARK: Final = "zq9"
"""Part of every name that hostile markup would bring into a page."""
TEXTS: Final = (
    f"</script><script {MARK}>alert(1)</script>",
    f'"><img src=x onerror={MARK}() {MARK}=1>',
    f"' {MARK}='1' onmouseover='alert(1)",
    f"</textarea></title></style><b {MARK}>fett</b>",
    "{{ 7*7 }} {% raw %} ${7*7} #{7*7}",
    f"<svg {MARK} onload=alert(1)><a xlink:href=javascript:alert(1)>x</a></svg>",
    f"<!-- {MARK} --!><![CDATA[ ]]> <?php ?> &lt;b&gt; &#60;i {MARK}&#62;",
    "Zeile\r\nBcc: alle@opfer.example\r\n\r\nText\nX-Zq9: 1",
    "=HYPERLINK(\"http://boese.example\";\"klick\")",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\t=1+1", "+49 3834 1", "-2+3",
    "links \u202erechts\u202c \u2066iso\u2069 \u200f",
    "NUL \x00 BEL \x07 ESC \x1b[31m DEL \x7f C1 \x85 \ufffe \uffff",
    "\ud83e\udd95".encode("utf-16", "surrogatepass").decode("utf-16") + " e\u0301\u0301\u0301 \u200d\u20e3 ﷽",
    "a" * 5_000,
    "BEGIN:VEVENT\r\nEND:VCALENDAR\\,;: \u2028\u2029",
    f'{{"@context": "{MARK}"}} \\u003c/script\\u003e \\',
)  # fmt: skip
"""What somebody hostile writes into a field for words."""
ADDRESSES: Final = (
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\nscript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:x",
    f'https://x.example/"><script {MARK}>',
    "https://x.example/\r\nSet-Cookie: a=b",
    "//boese.example",
    "https://\u202eboese.example/",
    "file:///etc/passwd",
    "https://user:pass word@x.example",
)
"""The same for a field for web addresses; none of them may become a link."""

Say = Callable[[str, int], str]
"""Gives the text of a field, by its name and the characters it holds."""


@dataclass
class World:
    """A site with a text of the test's choice in every place for texts."""

    site: Site
    offer: str
    held: str
    home: Household
    source: Source
    draft: int
    failed: int
    entry: StoredEntry
    mails: list[EmailMessage] = field(default_factory=list)


def hostile_source(say: Say, link: Say) -> Source:
    """A source whose words are the test's."""
    return make_source(
        title=say("source.title", 200),
        provider=say("source.provider", 200),
        homepage=link("source.homepage", 2_000),
        contact=say("source.contact", 254),
        rights=Rights(
            kind=RightsKind.OPEN, licence=link("rights.licence", 400), attribution=say("rights.attribution", 400)
        ),
        defaults={"price": say("source.default", 400)},
        lookups={"price": {say("source.wording", 400): say("source.meaning", 400)}},
    )


def hostile_offer(say: Say, link: Say, *, key: str = "dinos", verdict: Verdict = Verdict.YES) -> SourceOffer:
    """An offer with every text field that an offer has."""
    rights = hostile_source(say, link).rights
    made = make(
        key,
        title=say("title", 300),
        summary=say("summary", 400),
        description=say("description", 5_000),
        provider=Provider(name=say("provider.name", 200), url=link("provider.url", 2_000)),
        url=link("url", 2_000),
        booking=Booking(
            ways=(BookingWay.PHONE, BookingWay.MAIL, BookingWay.LINK),
            contact=Contact(
                name=say("contact.name", 200), phone=say("contact.phone", 60), mail=say("contact.mail", 254)
            ),
            url=link("booking.url", 2_000),
        ),
        kita_suitability=Suitability(verdict=verdict, probability=0.6, reasons=(say("reason", 200),)),
        price=Price(model=PriceModel.PER_CHILD, amount_eur=2.5, conditions=say("price.conditions", 400)),
        place=make_place(name=say("place.name", 200), street=say("street", 200), locality=say("locality", 120)),
        service_area=ServiceArea(words=say("service_area.words", 400), radius_km=20, lat=54.1, lon=13.4),
        schedule=Schedule(
            kind=ScheduleKind.DATED,
            occurrences=(Occurrence(day=TODAY.replace(month=12)),),
            words=say("schedule.words", 400),
        ),
        image=Picture(url=link("image.url", 2_000), licence=link("image.licence", 400), credit=say("credit", 400)),
        rights=rights,
    )
    provenance = {
        name: make_provenance(
            name, rule="rule", evidence=say(f"evidence.{name}", 400), address=link("provenance.address", 2_000)
        )
        for name in ("title", "ages", "price", "schedule")
    }
    return made.model_copy(update={"provenance": provenance, "origin": SourceKey(source=made.origin.source, key=key)})


def build(site: Site, say: Say, link: Say) -> World:
    """Fill ``site``: published and held offers with everything people did to them, drafts, a Kita, mails."""
    source = hostile_source(say, link)
    issue = Issue(
        field="price",
        wording=say("issue.wording", 500),
        rule="price.not_understood",
        where=say("issue.where", 300),
        message=say("issue.message", 1_000),
        remedy=say("issue.remedy", 1_000),
    )
    run = HarvestRun(
        source=source.name,
        started_at=site.now,
        status=RunStatus.COMPLETE,
        records=2,
        issues=(issue,),
        message=say("run.message", 400),
    )
    offer, held = site.harvest(
        hostile_offer(say, link),
        hostile_offer(say, link, key="frage", verdict=Verdict.UNSURE),
        source=source,
        run=run,
    )
    with site.database.begin() as session:
        decide(session, offer, DecisionKind.ACCEPT, by="x", now=site.now, why=say("decision.why", 500))
        correct(session, offer, "summary", say("correction", 400), by="x", now=site.now)
        suggest(session, offer, field="price", words=say("suggestion", 1_000) + ".", now=site.now)
        lookup = issue.model_copy(update={"remedy": "lookups.price"})
        keep_wordings(session, source.name, [lookup], now=site.now)
        draft = add_draft(session, "13075", DraftKind.ADDRESS, link("draft.address", 2_000), by="x", now=site.now)
        save_preview(session, draft, source=source, result=preview(say, link), now=site.now)
        failed = add_draft(session, "13075", DraftKind.ADDRESS, link("draft.address", 2_000), by="x", now=site.now)
        save_failure(session, failed, say("draft.error", 1_000), now=site.now)
    kita = make_kita(
        name=say("kita.name", 200).strip() or "Kita",
        place=make_place(name=say("kita.place", 200), street=say("kita.street", 200)),
        groups=(make_group(say("group.name", 120).strip() or "Gruppe"),),
        wishes=say("kita.wishes", 4_000),
        recipients=(make_recipient(),),
    )
    entry = type_in(site, say)
    home = site.settle(kita, offers=[offer, entry.offer or ""])
    world = World(site, offer, held, home, source, draft, failed, entry)
    send_mails(world)
    return world


def type_in(site: Site, say: Say) -> StoredEntry:
    """An entry with the test's words in every input for words: typed on the portal, confirmed from its mail, accepted,
    corrected, doubted by a visitor, and with every letter that is written about an entry."""
    form = {
        "who": "organisation",
        "name": f"{say('entry.name', 120)} e. V.",
        "address": "post@verein.example",
        "homepage": "https://verein.example/?'onmouseover='alert(1)&a=%22%3E",
        "title": f"{say('entry.title', 120)} im Wald",
        "text": f"{say('entry.text', 2_000)} Wir gehen in den Wald.",
        "audience": ["kita", "hort"],
        "age_from": "7",  # no group of the Kita is: the words do not decide what is recommended
        "age_to": "10",
        "price_model": "donation",
        "price_conditions": say("entry.conditions", 200),
        "modes": ["at_provider"],
        "venue": say("entry.venue", 120),
        "street": say("entry.street", 120),
        "postcode": "17389",
        "locality": say("entry.locality", 80),
        "schedule_kind": "dated",
        "date_1": "8.12.2026",
        "contact_name": say("entry.contact", 120),
        "phone": "0171 2345678",
        "contact_personal": "1",
        "consent": "1",
        "terms": "permission",
    }
    with patch("webapp.entries.secrets.token_hex", return_value="a1" * 10):  # lists go by ids, and those by keys
        answer = site.client().post("/anbieten", data=form)
    assert answer.status_code == 200, answer.text
    regions = site.app.extensions["kitalotse"].regions
    desk = Desk(regions["13075"], site.links, regions["13075"].base_url, True)
    with site.database.begin() as session:
        (row,) = entry_rows(session)
        stored = entry_by_key(session, row.key)
        assert stored is not None
        offer = confirm(session, desk, stored, now=site.now)
        decide(session, offer, DecisionKind.ACCEPT, by="x", now=site.now)
        provider = {"name": f"Aa0 {say('corrected.provider', 190)}"}  # first in lists, whatever is said
        place = {"name": say("corrected.place", 200), "locality": say("corrected.locality", 120)}
        for field_, value in (
            ("title", f"Tag {say('corrected.title', 290)}"),
            ("provider", provider),
            ("place", place),
        ):
            correct(session, offer, field_, value, by="x", now=site.now)
        suggest(session, offer, field="place", words=say("visitor.place", 1_000) + ".", now=site.now)
        (stored,) = entries_of(session, "13075", form["address"])
        decided = Decided(entry=stored, decision=1, accepted=False, why=say("entry.why", 500))
        tell_decision(session, desk, decided, site.now)
        tell_typed(session, desk, stored, site.now)
        send_links(session, desk, [stored], site.now)
        ask_still_correct(session, desk, [stored], site.now)
        tell_ended(session, desk, stored, site.now)
    return stored


def preview(say: Say, link: Say) -> dict[str, Any]:
    """What a preview of an address found."""
    sample = {
        "title": say("sample.title", 300),
        "url": link("sample.url", 2_000),
        "values": {"ages": {"min_months": 48}, "summary": say("sample.summary", 400)},
        "evidence": {"ages": say("sample.evidence", 400)},
    }
    issue = {"field": "price", "wording": say("w", 500), "rule": "r", "message": say("m", 900), "count": 2}
    return {
        "format": "csv",
        "offers": 1,
        "understood": 1,
        "whole": True,
        "requests": 1,
        "held": 1,
        "filled": {"ages": 1},
        "suitable": {"yes": 1, "no": 0, "unsure": 0},
        "difference": {"new": 1, "changed": 0, "unchanged": 0, "vanished": 0},
        "samples": [sample],
        "issues": [issue | {"remedy": say("remedy", 900)}],
    }


def send_mails(world: World) -> None:
    """Monday mails, and an invitation, into the outbox; what was written is read again as mails."""
    site = world.site
    settings = site.app.extensions["kitalotse"].settings
    regions = site.app.extensions["kitalotse"].regions
    issuing = Issuing(regions, site.links, settings.base_url, settings.demo)
    prepare(site.database, issuing, week=WEEK, now=site.now)
    write_friday(site.database, issuing, friday=site.now, now=site.now)
    way = Outbox(settings.outbox_dir)
    how = Sending(regions, site.links, settings.base_url)
    send_due(site.database, way, how, lambda: site.now)
    send_due(site.database, way, how, lambda: site.now, ledger=Letters(how))
    with site.database.begin() as session:
        invite(session, world.home.kita, "neu@kita.example", now=site.now)
    for path in sorted(settings.outbox_dir.glob("*.eml")):
        parser = BytesParser(_class=EmailMessage, policy=policy.default)
        world.mails.append(parser.parsebytes(path.read_bytes()))


def upload(site: Site, say: Say, link: Say) -> int:
    """A table with the test's words as headings and cells, previewed; its number."""
    client = site.coordinator()
    rows = [
        ["Titel", "Preis", "Webseite", "Ort", say("table.heading", 200)],
        *([say(f"table.{n}.{m}", 400) for m in range(2)] + [link("table.url", 400), "Wolgast", ""] for n in range(3)),
    ]
    quoted = "\n".join(";".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows)
    name = say("table.name", 100)
    for sign in '"\r\n/\0':  # as browsers write names of files
        name = name.replace(sign, f"%{ord(sign):02X}")
    file = (io.BytesIO(quoted.encode("utf-8", "replace")), f"{name}.csv")
    sent = client.post(
        "/desk/tabellen/", data={"csrf_token": csrf_token(client.get("/desk/tabellen/").text), "datei": file}
    )
    assert sent.status_code == 303, sent.text
    number = int(sent.location.split("/")[3])
    page = f"/desk/tabellen/{number}/spalten"
    form = {"spalte-0": "title", "spalte-1": "price", "spalte-2": "url", "spalte-3": "locality"}
    token = csrf_token(client.get(page).text)
    client.post(page, data=form | {"csrf_token": token, "title": say("table.title", 200)})
    return number
