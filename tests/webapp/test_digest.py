"""The weekly mail: what it says, to whom, and only once."""

import re
from datetime import UTC, date, datetime

import pytest
from lxml import html

from schemas.kita import Kita
from schemas.offer import Price
from schemas.organisation import Booking, Contact, Provider
from schemas.recommendation import Reason, Recommendation
from schemas.region import Region
from schemas.vocabulary import Answered, BookingWay, Kind, Mode, PriceModel
from tests.factories import OPEN, make_dated_schedule, make_group, make_kita, make_offer
from webapp.links import Links
from webapp.mail.cards import card, one_line, way_words
from webapp.mail.render import MAX_SUBJECT, Addresses, render

WEEK = "2026-W49"
MONDAY = date(2026, 11, 30)
NOW = datetime(2026, 11, 30, 6, tzinfo=UTC)
LINKS = Links("s" * 40)
PORTAL = "https://kitalotse.example"
REGION = Region(
    key="13075", name="Vorpommern-Greifswald", land="MV", sender_mail="post@kitalotse.example", base_url=PORTAL
)
ADDRESSES = Addresses(
    kita=f"{PORTAL}/kita/k",
    unsubscribe=f"{PORTAL}/abmelden/u",
    portal=PORTAL,
    imprint=f"{PORTAL}/impressum",
    privacy=f"{PORTAL}/datenschutz",
)


def recommended(offer_id: str = "oaaaaaaaaaaaaaaa", **changes) -> Recommendation:
    values = {
        "kita": "kita_wolke",
        "offer": offer_id,
        "rank": 1,
        "score": 0.9,
        "group": "Wolkengruppe",
        "reasons": (
            Reason(code="age.covers", text="Passt zu allen Kindern der Wolkengruppe."),
            Reason(code="price.unknown", text="Der Preis steht nicht dabei.", caution=True),
        ),
        "distance_km": 3.4,
        "cost_per_child_eur": 2.5,
        "day": None,
    }
    return Recommendation.model_validate(values | changes)


def a_card(offer=None, recommendation=None, kita=None, *, private_person=False):
    return card(
        offer or make_offer(),
        recommendation or recommended(),
        kita or make_kita(),
        week=WEEK,
        today=MONDAY,
        base_url=PORTAL,
        links=LINKS,
        private_person=private_person,
    )


def a_mail(*cards, kita: Kita | None = None, example: bool = False):
    return render(REGION, kita or make_kita(), cards or (a_card(),), ADDRESSES, week=WEEK, example=example)


def facts(offer_card) -> dict[str, str]:
    return {fact.label: fact.words for fact in offer_card.facts}


# -- cards ------------------------------------------------------------------------------------------------------------


def test_a_card_says_everything_a_kita_needs_to_decide_and_book():
    shown = a_card()

    assert facts(shown) == {
        "Anbieter": "Beispielmuseum",
        "Termin": "nach Vereinbarung (Di, Do)",
        "Passt für": "Wolkengruppe (18 Kinder)",
        "Weg": "etwa 3 km",
        "Ort": "Beispielmuseum, Hauptstraße 1, 17489 Greifswald",
        "Alter": "4 bis 6 Jahre",
        "Kosten": "2,50 € pro Kind, Begleitpersonen frei",
        "Dauer": "1 Stunde",
        "Gruppengröße": "8 bis 20 Kinder",
        "Anmelden bis": "14 Tage vorher",
    }
    assert shown.reasons == ("Passt zu allen Kindern der Wolkengruppe.",)
    assert shown.cautions == ("Der Preis steht nicht dabei.",)
    assert [(line.label, line.words) for line in shown.booking] == [
        ("Ansprechstelle", "Museumskasse"),
        ("Telefon", "03834 12345"),
        ("E-Mail", "fuehrungen@museum.example"),
    ]
    assert shown.source is not None
    assert shown.source.url == "https://museum.example/kita/dinos"
    assert [answer.label for answer in shown.answers] == [answer.label for answer in Answered]


def test_a_dated_offer_names_the_day_that_suits_and_the_last_day_to_book():
    offer = make_offer(schedule=make_dated_schedule(date(2026, 12, 15), date(2026, 12, 17), date(2026, 11, 1)))

    shown = facts(a_card(offer, recommended(day=date(2026, 12, 17))))

    assert shown["Termin"] == "Do., 17. Dezember 2026, 10 bis 11 Uhr und 1 weiterer Termin"
    assert shown["Anmelden bis"] == "Do., 3. Dezember 2026"


def test_what_is_not_known_is_called_not_stated_and_never_guessed():
    offer = make_offer(price=None, ages=None, schedule=None, group_size=None, duration_minutes=None, booking=Booking())

    shown = facts(a_card(offer, recommended(distance_km=None, cost_per_child_eur=None)))

    assert shown["Kosten"] == shown["Alter"] == shown["Termin"] == "nicht angegeben"
    assert not {"Weg", "Ort", "Dauer", "Gruppengröße", "Anmelden bis"} & shown.keys()


def test_a_group_price_is_turned_into_what_each_child_of_this_group_pays():
    offer = make_offer(price=Price(model=PriceModel.PER_GROUP, amount_eur=45))

    assert facts(a_card(offer))["Kosten"] == "45 € pro Gruppe – für Wolkengruppe etwa 2,50 € pro Kind"


def test_a_donation_is_not_reckoned_into_a_price_per_child():
    offer = make_offer(price=Price(model=PriceModel.DONATION))

    assert facts(a_card(offer, recommended(cost_per_child_eur=0)))["Kosten"] == "gegen Spende"


def test_an_offer_with_two_places_says_both():
    offer = make_offer(modes=(Mode.AT_PROVIDER, Mode.IN_KITA))

    assert facts(a_card(offer))["Weg"] == "etwa 3 km; kommt auch in Ihre Kita"


def test_a_mobile_offer_comes_to_the_kita():
    offer = make_offer(kind=Kind.MOBILE_VISIT, modes=(Mode.IN_KITA,))

    assert facts(a_card(offer, recommended(distance_km=None)))["Weg"] == "kommt in Ihre Kita"


def test_a_source_of_facts_only_lends_no_prose():
    closed, opened = make_offer(), make_offer(rights=OPEN)

    assert closed.summary is not None
    assert closed.summary not in a_card(closed).sentence
    assert a_card(opened).sentence == opened.summary


def test_a_person_is_named_only_with_consent():
    contact = Contact(name="Frau Beispiel", phone="0170 1", personal=True)
    silent = make_offer(booking=Booking(ways=(BookingWay.PHONE,), contact=contact))
    agreed = make_offer(booking=Booking(contact=contact.model_copy(update={"consented": True})))

    assert a_card(silent).booking == ()
    assert [line.words for line in a_card(agreed).booking] == ["Frau Beispiel", "0170 1"]


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "data:text/html,x", "https://a b", 'https://x/"><b>', "//x"]
)
def test_an_address_that_is_not_http_is_no_link(address):
    offer = make_offer(url=address, booking=Booking(url=address))

    shown = a_card(offer)

    assert shown.source is None
    assert shown.booking == ()


def test_training_for_staff_stands_in_a_section_of_its_own():
    training = a_card(make_offer(kind=Kind.STAFF_TRAINING, title="Fortbildung Wald"))

    mail = a_mail(a_card(), training)

    assert mail.text.index("Für Ihr Team") < mail.text.index("2. Fortbildung Wald")
    assert mail.text.index("1. Dinosaurier") < mail.text.index("Für Ihr Team")


# -- rendering --------------------------------------------------------------------------------------------------------


def test_the_subject_says_the_best_offer_and_how_many_more():
    assert (
        a_mail(a_card(), a_card(), a_card()).subject
        == "Dinosaurier entdecken und 2 weitere Angebote für Kita Wolkenschiff"
    )
    assert a_mail(a_card(), a_card()).subject == "Dinosaurier entdecken und 1 weiteres Angebot für Kita Wolkenschiff"
    assert a_mail().subject == "Dinosaurier entdecken für Kita Wolkenschiff"


def test_a_long_title_is_cut_at_a_word():
    subject = a_mail(a_card(make_offer(title="Wald " * 60))).subject

    assert len(subject) <= MAX_SUBJECT
    assert subject.endswith("Wald… für Kita Wolkenschiff")


def test_the_note_on_private_persons_names_their_offers_and_no_other():
    mail = a_mail(a_card(make_offer(title="Töpfern"), private_person=True), a_card(make_offer(title="Waldtag")))

    assert "Angebot einer Privatperson\n„Töpfern“: " in mail.text
    assert mail.text.count("§ 72a SGB VIII") == mail.html.count("§ 72a SGB VIII") == 1


def hostile_mail():
    nasty = "Führung\r\nBcc: alle@example.org\x00\u202e <script>alert(1)</script> {{ 7 * 7 }}"
    offer = make_offer(title=nasty, provider=Provider(name=nasty), url="https://museum.example/?a=1&b=<2>")
    kita = make_kita(name="Kita <b>Fett</b> & Söhne", groups=(make_group("Gruppe <i>"),))
    return a_mail(a_card(offer, recommended(group="Gruppe <i>"), kita), kita=kita)


def test_hostile_words_stay_words():
    mail = hostile_mail()

    assert "\n" not in mail.subject
    assert "\r" not in mail.text + mail.html
    document = html.fromstring(mail.html)
    assert document.xpath("//script | //b | //i") == []
    assert "Führung Bcc: alle@example.org <script>alert(1)</script> {{ 7 * 7 }}" in document.text_content()


@pytest.mark.parametrize("mail", [a_mail(a_card(), a_card(make_offer(kind=Kind.STAFF_TRAINING))), hostile_mail()])
def test_the_text_part_has_every_word_and_every_link_of_the_html(mail):
    document = html.fromstring(mail.html)
    for hidden in document.xpath("//head | //style"):
        hidden.drop_tree()
    plain = " ".join(mail.text.split())

    pieces = {" ".join(piece.split()).strip("·").strip() for piece in document.xpath("//body//text()")}
    missing = {piece for piece in pieces - {""} if piece not in plain}
    links = {re.sub("^mailto:", "", str(link)) for link in document.xpath("//a/@href[not(starts-with(., 'tel:'))]")}

    assert missing == set()
    assert {link for link in links if link not in mail.text} == set()
    assert len(links) > 8


def test_the_mail_calls_nobody_no_image_no_script_no_font():
    mail = a_mail(example=True)
    document = html.fromstring(mail.html)

    assert document.xpath("//img | //script | //link | //iframe | //*[@background] | //form") == []
    assert "url(" not in mail.html
    assert "@import" not in mail.html


def test_styles_are_inline_and_dark_mode_is_kept():
    document = html.fromstring(a_mail().html)

    assert "color" in document.xpath("//h1/@style")[0]
    (style,) = document.xpath("//style/text()")
    assert "prefers-color-scheme" in style
    assert document.get("lang") == "de"


def test_an_example_is_marked_in_subject_text_and_html():
    mail = a_mail(example=True)

    assert mail.subject.startswith("[Beispiel] ")
    assert "BEISPIELDATEN" in mail.text
    assert "BEISPIELDATEN" in html.fromstring(mail.html).text_content()


def test_the_same_mail_rendered_again_is_the_same_byte_for_byte():
    assert a_mail(a_card(), a_card()) == a_mail(a_card(), a_card())


def test_eight_cards_stay_far_below_the_size_at_which_gmail_cuts():
    mail = a_mail(*[a_card()] * 8)

    assert len(mail.html.encode()) < 102_000


def test_each_answer_link_is_signed_for_this_kita_offer_and_week():
    found = re.findall(rf"{PORTAL}/antwort/(\S+)", a_mail().text)

    answers = [LINKS.read_answer(token, today=MONDAY) for token in found]

    assert [(a.kita, a.offer, a.answer, a.week) for a in answers if a] == [
        ("kita_wolke", "oaaaaaaaaaaaaaaa", answer, WEEK) for answer in Answered
    ]


def test_one_line_takes_out_controls_and_direction_marks():
    assert one_line("a\r\n b\t\u2028c\u202e\u200bd\x00") == "a b cd"


def test_a_short_way_is_not_written_as_zero():
    assert way_words(make_offer(), recommended(distance_km=0.2)) == "unter 1 km"
