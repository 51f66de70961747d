"""The offers of a corpus read from raw text, as if a source had been harvested, without a network."""

from datetime import date, datetime, time

from harvesters.normalise.record import normalise
from schemas.clock import BERLIN
from schemas.harvest import Access, AccessKind, Record, RecordField, Source
from schemas.offer import Offer, SourceKey, SourceOffer
from schemas.publish import Member, publish
from webapp.evaluation.corpus import Corpus, OfferLine

SOURCE = "gold_corpus"
"""Name under which the lines of a corpus count as harvested."""


def record_of(line: OfferLine) -> Record:
    """A line of a corpus as the Record that a harvester would have made of it; it sees nothing of the gold."""
    words: dict[RecordField, str | None] = {"provider": line.provider, "place": line.place_text}
    return Record(
        origin=SourceKey(source=SOURCE, key=line.id),
        format=line.source_kind or "text",
        title=line.title,
        text=line.text,
        url=line.url,
        words={name: text for name, text in words.items() if text},
        address=line.url,
    )


def source_of(corpus: Corpus) -> Source:
    """The source that the lines count as harvested from; like every source it belongs to a Region."""
    access = Access(kind=AccessKind.JSON, start=("https://corpus.example/offers.ndjson",))
    return Source(name=SOURCE, region=corpus.region, trust="publish", access=access, example=True)


def read_raw(corpus: Corpus, today: date) -> list[Offer]:
    """What normalising makes of each line, as it would be published on ``today`` from a trusted source."""
    source = source_of(corpus)
    read = [(line, normalise(record_of(line), source, today=line.seen_on).offer) for line in corpus.lines]
    return [publish(line.id, corpus.region, [_member(line, offer)], (), (), today=today) for line, offer in read]


def _member(line: OfferLine, offer: SourceOffer) -> Member:
    seen = datetime.combine(line.seen_on, time(), BERLIN)
    return Member(source_offer=offer, trust="publish", present=True, first_seen=seen, last_seen=seen)
