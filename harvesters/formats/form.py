"""A typed entry → Record. Its JSON is for the normaliser; the German words beside it are for people at the desk."""

from datetime import datetime

from schemas.entry import FORMAT, Entry
from schemas.harvest import Record, RecordField
from schemas.offer import SourceKey
from schemas.vocabulary import LANGUAGES, Access, Answer
from schemas.wording import age_words, day_words, duration_words, group_size_words, occurrence_words, price_words
from schemas.wording import schedule_words as said_schedule


def record_of(entry: Entry, *, source: str, key: str, at: datetime) -> Record:
    """The Record of ``entry``, typed at ``at``, under its ``key`` in ``source``."""
    return Record(
        origin=SourceKey(source=source, key=key),
        format=FORMAT,
        title=entry.title,
        text=entry.text,
        words=words_of(entry, at) | {"entry": entry.model_dump_json(exclude_defaults=True)},
        fetched_at=at,
    )


def words_of(entry: Entry, at: datetime) -> dict[RecordField, str]:
    """What was typed, in German, by the names that Records use; what was not typed has none."""
    capacity = (
        f"höchstens {entry.groups_per_month} Gruppen im Monat" if entry.groups_per_month else "",
        f"belegt bis {day_words(entry.booked_until)}" if entry.booked_until else "",
    )
    said: dict[RecordField, str | None] = {
        "provider": entry.name,
        "provider_url": entry.homepage,
        "kind": entry.kind.label,
        "audience": ", ".join(code.label for code in entry.audience),
        "areas": ", ".join(code.label for code in entry.areas),
        "languages": ", ".join(LANGUAGES[code] for code in entry.languages),
        "accessibility": ", ".join(map(_access, entry.accessibility.items())),
        "ages": age_words(entry.ages),
        "group_size": _group(entry),
        "duration": duration_words(entry.duration_minutes),
        "price": price_words(entry.price),
        "modes": ", ".join(code.label for code in entry.modes),
        "place": ", ".join(
            filter(None, (entry.venue, entry.street, " ".join(filter(None, (entry.postcode, entry.locality)))))
        ),
        "service_area": area_words(entry),
        "dates": _dates(entry, at),
        "lead_time": f"{entry.lead_days} Tage" if entry.lead_days is not None else None,
        "phone": entry.phone,
        "mail": entry.mail,
        "booking_url": entry.link,
        "booking": ", ".join(way.label for way in entry.ways),
        "capacity": ", ".join(filter(None, capacity)),
    }
    return {name: words for name, words in said.items() if words}


def area_words(entry: Entry) -> str | None:
    """Where it comes to, in German; ``None`` where that was not typed.

    >>> area_words(Entry(name="Waldschule", title="Waldtag", radius_km=15, around="17489"))
    '15 km um 17489'
    """
    if entry.towns:
        return ", ".join(entry.towns)
    if entry.radius_km is None:
        return None
    centre = entry.around or entry.postcode
    return f"{entry.radius_km:g} km um {centre}".replace(".", ",") if centre else f"{entry.radius_km:g} km"


def _group(entry: Entry) -> str | None:
    size = entry.group_size
    if size is None:
        return None
    adults = f"mindestens {size.adults} Erwachsene" if size.adults is not None else None
    return ", ".join(filter(None, (group_size_words(size), adults)))


def _access(item: tuple[Access, Answer]) -> str:
    code, answer = item
    return f"{code.label}: {answer.label}"


def _dates(entry: Entry, at: datetime) -> str | None:
    schedule = entry.schedule
    if schedule is None:
        return None
    if schedule.occurrences:
        return "; ".join(map(occurrence_words, schedule.occurrences))
    return said_schedule(schedule, at.date())
