"""Does every step of the demo really do something? Each check looks at a result, not at a return code."""

from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Final
from urllib.parse import urlsplit

from schemas.harvest import RunStatus
from schemas.store.digests import DigestState, ledger
from schemas.store.held import held_counts
from schemas.store.kitas import digest_of, recipients_who_want_mail
from schemas.store.offers import public_page
from webapp.demo.stage import Played, Stage, mail

LEAST_OFFERS: Final = 100
BROKEN: Final = ("mv_beispiel_schwimmhalle", "mv_beispiel_sternwarte_json")
"""Example sources that are broken on purpose."""
_TIMEOUT_S: Final = 20


@dataclass(frozen=True)
class Check:
    """One step and whether it holds."""

    name: str
    holds: bool
    detail: str


def checks(at: Stage, played: Played) -> Iterator[Check]:
    """All checks, one by one; the portal of ``at`` must be serving."""
    runs = {run.source: run for run in played.runs}
    good = [run for name, run in runs.items() if name not in BROKEN]
    read = sum(run.records for run in good)
    yield Check("harvest: offers read over HTTP", read >= LEAST_OFFERS, f"{read} Records from {len(good)} sources")
    unfinished = [run.source for run in good if run.status is not RunStatus.COMPLETE]
    yield Check("harvest: every working source complete", not unfinished, ", ".join(unfinished) or "yes")
    silent = [name for name in BROKEN if runs[name].status is not RunStatus.FAILED or not runs[name].message]
    yield Check("harvest: broken sources say so", not silent, ", ".join(silent) or str(runs[BROKEN[0]].message))
    with at.database.read() as session:
        offers = public_page(session, "", 1000)
        held = sum(held_counts(session, at.sources[0].region).values())
        wanting = recipients_who_want_mail(session)
        ranked = {kita.id: digest_of(session, kita.id, week=at.week) for kita in at.kitas}
        sent = [entry for entry in ledger(session, week=at.week, limit=1000) if entry.state is DigestState.SENT]
    yield Check("publish: offers published", len(offers) >= LEAST_OFFERS // 2, f"{len(offers)} published")
    yield Check("review: unsure offers held for the desk", held > 0, f"{held} held")
    served = [kita for kita, digest in ranked.items() if digest and digest.recommendations]
    yield Check("rank: Kitas have recommendations", len(served) >= len(at.kitas) // 2, f"{len(served)} Kitas")
    faceless = [k for k, digest in ranked.items() if digest and not all(r.reasons for r in digest.recommendations)]
    yield Check("rank: every recommendation has a reason", not faceless, ", ".join(faceless) or "yes")
    files = len(list(at.settings.outbox_dir.glob("*.eml")))
    expected = sum(len(people) for kita, people in wanting.items() if kita in served)
    detail = f"{files} mails in the outbox, {len(sent)} sent in the ledger, {expected} expected"
    yield Check("mail: one mail per recipient in the outbox", files == len(sent) == expected > 0, detail)
    again, report = mail(at)
    detail = f"{len(again.mails)} written, {report.sent} sent"
    yield Check("mail: a second run sends nothing", not again.mails and not report.sent, detail)
    yield from _pages(at, offers[0].id, {kita: people[0].id for kita, people in wanting.items() if kita in served})


def _pages(at: Stage, offer: str, recipients: dict[str, int]) -> Iterator[Check]:
    kita = next(kita for kita in at.kitas if kita.id in recipients)
    addresses = {
        "portal": ("/", "Angebote"),
        "search": ("/?q=museum", "Museum"),
        "offer page with schema.org data": (f"/angebote/{offer}", "application/ld+json"),
        "Kita page": (urlsplit(at.kita_url(recipients[kita.id], kita)).path, kita.name),
        "desk sign-in": (urlsplit(at.desk_url()).path, "Anmelden"),
        "outbox": ("/outbox/", ".example"),
        "offers.ndjson": ("/offers.ndjson", offer),
        "offers.csv": ("/offers.csv", offer),
        "offers.ics": ("/offers.ics", "BEGIN:VEVENT"),
        "offers.atom": ("/offers.atom", "<entry>"),
    }
    for name, (path, expected) in addresses.items():
        status, body, tag = _get(at, path)
        yield Check(f"page: {name}", status == 200 and expected in body, f"{status}, {len(body):,} characters")
        if name.startswith("offers."):
            repeated, _body, _tag = _get(at, path, tag)
            yield Check(f"page: {name} unchanged", repeated == 304, str(repeated))


def _get(at: Stage, path: str, tag: str = "") -> tuple[int, str, str]:
    place = urlsplit(at.settings.base_url)
    connection = HTTPConnection(place.hostname or "", place.port, timeout=_TIMEOUT_S)
    try:
        connection.request("GET", path, headers={"If-None-Match": tag} if tag else {})
        response = connection.getresponse()
        return response.status, response.read().decode(), response.getheader("ETag", "")
    finally:
        connection.close()
