"""Which fields say something: counted alike of offers and of what is stored of them."""

import orjson
import pytest

from schemas.filling import FIELD_WORDS, Tally, is_filled
from schemas.offer import Booking, OfferFields, SourceOffer
from tests.factories import make_fields, make_source_offer
from webapp.pages.desk_words import field_name


def test_empty_is_not_filled() -> None:
    offer = make_fields(ages=None, topics=(), booking=Booking())

    assert [is_filled(offer, name) for name in ("title", "ages", "topics", "booking")] == [True, False, False, False]


@pytest.mark.parametrize(
    "offer",
    [
        make_source_offer(),
        make_source_offer(ages=None, price=None, schedule=None, kita_suitability=None),
        SourceOffer(origin=make_source_offer().origin, fields=OfferFields(title="Nichts als ein Titel", summary="")),
    ],
)
def test_what_is_stored_counts_as_what_was_read(offer: SourceOffer) -> None:
    read, stored = Tally(), Tally()

    read.add(offer.fields)
    stored.add_json(orjson.loads(offer.model_dump_json(exclude_none=True))["fields"])

    assert read.rates("1") == stored.rates("1")


def test_fields_are_called_what_the_desk_calls_them() -> None:
    assert {name: str(field_name(name)) for name in FIELD_WORDS} == FIELD_WORDS
    assert FIELD_WORDS.keys() < OfferFields.model_fields.keys()
