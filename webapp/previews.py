"""Looks at drafts: what a source would bring, put so that a coordinator can decide.

A preview is work of its own (``preview:<number>``), done by a process that may fetch; the desk only shows its result.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from sqlalchemy.orm import Session

from harvesters.door import Door
from harvesters.fetch.client import FetchSettings
from harvesters.fetch.trouble import NOT_LISTED
from harvesters.look import look
from harvesters.problems import ReadError
from harvesters.registry import bundled_sources
from harvesters.trying import Trial, difference
from schemas.clock import local
from schemas.db import Database
from schemas.filling import is_filled
from schemas.harvest import Access, AccessKind, Issue, Source
from schemas.offer import Offer
from schemas.region import Region
from schemas.store.drafts import Draft, DraftKind, DraftState, draft, save_failure, save_preview
from schemas.store.exclusions import excluded
from schemas.store.harvest import known
from schemas.store.runs import grouped, source, source_state
from schemas.vocabulary import Verdict
from webapp.regions import region_of

FIELDS: Final = (
    "description", "provider", "ages", "group_size", "duration_minutes", "price", "place", "schedule", "booking",
    "areas", "accessibility",
)  # fmt: skip
"""Fields whose share is shown."""
MAX_SAMPLES: Final = 20
"""Offers that a preview shows."""
MAX_ISSUES: Final = 40
"""Kinds of misunderstanding that a preview shows."""
_SHOWN: Final = ("ages", "price", "duration_minutes", "group_size", "schedule", "place", "kita_suitability", "areas")
_WORDS: Final = 160
_NAME: Final = 60
_TRANSLIT: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


def preview_draft(
    database: Database, number: int, regions: dict[str, Region], *, settings: FetchSettings, now: datetime
) -> dict[str, Any]:
    """Look at the draft ``number`` and keep what was found, or why nothing was; says it in short.

    A draft that was dropped or decided meanwhile is left alone.
    """
    with database.read() as session:
        found = draft(session, number)
        if found is None or found.state is not DraftState.WAITING:
            return {"state": "gone"}
        stored = source(session, str(found.source.get("name", ""))) if found.kind is DraftKind.SOURCE else None
        settings = replace(settings, excluded=excluded(session))
    url = database.url.render_as_string(hide_password=False)
    try:
        if found.kind is DraftKind.SOURCE:
            if stored is None:
                raise ReadError("preview", found.address, "preview.gone", "Diese Quelle gibt es nicht mehr.", "")
            trial = _described(stored, settings, url, now)
        else:
            trial = look(_proposed(found), found.address, settings=settings, now=now, database=url)
    except ReadError as error:
        with database.begin() as session:
            save_failure(
                session, number, f"{error.happened} {error.remedy}".strip(), result={"rule": error.rule}, now=now
            )
        return {"state": "failed", "rule": error.rule}
    with database.begin() as session:
        listed = _listed(session, trial, now)
        if not listed.records:
            save_failure(session, number, " ".join(NOT_LISTED), result={"rule": "fetch.excluded"}, now=now)
            return {"state": "failed", "rule": "fetch.excluded"}
        proposed = trial.source if found.kind is DraftKind.SOURCE else _named(session, found, listed, regions)
        unlisted = len(trial.records) - len(listed.records)
        result = report(session, listed, proposed) | {"unlisted": unlisted}
        save_preview(session, number, source=proposed, result=result, now=now)
    return {"state": "ready", "offers": len(listed.records)}


def report(session: Session, trial: Trial, proposed: Source) -> dict[str, Any]:
    """What the draft's page shows of ``trial``: counts, shares, samples, what was not understood, the difference."""
    offers = trial.preview.offers
    verdicts = Counter(offer.kita_suitability.verdict if offer.kita_suitability else None for offer in offers)
    wait = sum(_would_wait(offer, proposed) for offer in offers)
    return {
        "format": trial.preview.format,
        "offers": len(trial.records),
        "understood": len(offers),
        "whole": trial.whole,
        "requests": trial.requests,
        "filled": {name: sum(is_filled(offer, name) for offer in offers) for name in FIELDS},
        "suitable": {
            "yes": verdicts[Verdict.YES],
            "no": verdicts[Verdict.NO],
            "unsure": len(offers) - verdicts[Verdict.YES] - verdicts[Verdict.NO],
        },
        "held": wait,
        "difference": asdict(difference(known(session, proposed.name), trial.records, whole=trial.whole)),
        "samples": [_sample(offer) for offer in offers[:MAX_SAMPLES]],
        "issues": _issues(trial.preview.issues),
    }


def _described(stored: Source, settings: FetchSettings, database: str, now: datetime) -> Trial:
    """A look at a stored source; one that nobody has read may be described wrongly, so its address is tried too."""
    try:
        return look(stored, settings=settings, now=now, database=database)
    except ReadError as error:
        access = stored.access
        guessed = access.kind is AccessKind.STRUCTURED and access.follow is None and access.sitemap is None
        if stored.status == "verified" or not guessed or error.rule.startswith("fetch."):
            raise
        return look(stored, stored.access.start[0], settings=settings, now=now, database=database)


def _listed(session: Session, trial: Trial, now: datetime) -> Trial:
    """``trial`` without what a harvest would leave outside, because its provider does not want to be listed."""
    records = Door.of(session, trial.source).lets_in(trial.records, trial.source, today=local(now).date())
    if len(records) == len(trial.records):
        return trial
    kept = {record.origin for record in records}
    offers = [offer for offer in trial.preview.offers if kept.issuperset(offer.sources)]
    return replace(trial, records=records, preview=replace(trial.preview, offers=offers))


def _would_wait(offer: Offer, proposed: Source) -> bool:
    suitable = offer.kita_suitability.verdict if offer.kita_suitability else None
    return suitable is not Verdict.NO and (proposed.trust == "hold" or suitable is not Verdict.YES)


def _sample(offer: Offer) -> dict[str, Any]:
    document = offer.model_dump(mode="json", include=set(_SHOWN))
    return {
        "title": offer.title,
        "url": offer.url,
        "values": {name: document[name] for name in _SHOWN if is_filled(offer, name)},
        "evidence": {
            name: words[:_WORDS]
            for name in _SHOWN
            if name in offer.provenance and (words := offer.provenance[name].evidence)
        },
    }


def _issues(found: Iterable[Issue]) -> list[dict[str, Any]]:
    ordered = sorted(grouped(found), key=lambda issue: -issue.count)
    return [issue.model_dump(mode="json", exclude={"where"}) for issue in ordered[:MAX_ISSUES]]


# -- what a new source is called --------------------------------------------------------------------------------------


def _proposed(found: Draft) -> Source:
    """The source to be of a pasted address, as far as it is known."""
    start = Access(kind=AccessKind.STRUCTURED, start=(found.address,))
    given = {key: value for key, value in found.source.items() if key in Source.model_fields and value is not None}
    return Source.model_validate(
        {"name": "preview", "region": found.region} | given | {"access": start, "status": "unverified", "trust": "hold"}
    )


def _named(session: Session, found: Draft, trial: Trial, regions: dict[str, Region]) -> Source:
    """The proposed source with a name of its own, a title, and the provider where all offers lack one."""
    old = found.source.get("name") if found.result else None  # asked again: the name stays
    title = found.source.get("title") or _title(trial)
    providers = {offer.provider.name for offer in trial.preview.offers if offer.provider}
    home = urlsplit(found.address)
    update = {
        "name": old or _name(session, found, regions),
        "title": title,
        "provider": trial.source.provider or (None if providers else title),
        "homepage": trial.source.homepage or f"{home.scheme}://{home.netloc}/",
    }
    return Source.model_validate(trial.source.model_dump(mode="json") | update)


def _title(trial: Trial) -> str:
    """What people call the house: the one provider of all offers, else what the page says of itself, else the host."""
    providers = {offer.provider.name for offer in trial.preview.offers if offer.provider}
    if len(providers) == 1:
        return providers.pop()[:200]
    host = (urlsplit(trial.source.access.start[0]).hostname or "").removeprefix("www.")
    return (trial.title or host)[:200]


def _name(session: Session, found: Draft, regions: dict[str, Region]) -> str:
    """``<land>_<host>``, with a number where that is taken."""
    region = region_of(found.region, regions)
    host = unquote((urlsplit(found.address).hostname or "quelle").removeprefix("www.").lower())
    labels = host.split(".")
    place = host if host.replace(".", "").isdecimal() or len(labels) < 2 else "_".join(labels[:-1])
    words = re.findall(r"[a-z0-9]+", place.translate(_TRANSLIT))
    stem = "_".join([(region.land if region else "de").lower(), *words])[:_NAME].rstrip("_")
    return free_name(session, stem)


def free_name(session: Session, stem: str) -> str:
    """``stem``, with a number where a source of that name is stored, was deleted, or comes with the program."""
    taken = {source.name for source in bundled_sources()}
    name, number = stem, 2
    while name in taken or source_state(session, name) is not None:
        name, number = f"{stem}_{number}", number + 1
    return name
