"""OAI-PMH → items → Records."""

from functools import partial

import pytest

from harvesters.formats import oai_pmh
from harvesters.formats.listing import Page
from harvesters.formats.records import Origin
from harvesters.problems import ReadError
from tests.factories import NOW
from tests.harvesters.parsing import described, only, parse, rules

URL = "https://museum.example/oai?verb=ListRecords&metadataPrefix=oai_dc&set=kinder"
read = partial(parse, oai_pmh.LISTING.alone(), kind="oai", start=(URL,))
DC = 'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/"'
TITLE = "<dc:title>Waldtag</dc:title>"


def record(fields: str = TITLE, key: str | None = "oai:museum.example:7", status: str = "") -> str:
    identifier = f"<identifier>{key}</identifier>" if key else ""
    header = f"<header{status}>{identifier}<datestamp>2026-11-23</datestamp></header>"
    metadata = f"<metadata><oai_dc:dc xmlns:oai_dc='http://oai.example/' {DC}>{fields}</oai_dc:dc></metadata>"
    return f"<record>{header}{'' if status else metadata}</record>"


def answer(*content: str, verb: str = "ListRecords") -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?><OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">'
        f"<responseDate>2026-11-23T09:00:00Z</responseDate><request>{URL}</request>"
        f"<{verb}>{''.join(content)}</{verb}></OAI-PMH>"
    )


def error(code: str, said: str = "") -> str:
    return answer().replace("<ListRecords></ListRecords>", f'<error code="{code}">{said}</error>')


def page(content: str, url: str = URL) -> Page:
    return oai_pmh.read_page(content.encode(), source=described("oai", start=(URL,)), url=url, fetched_at=NOW)


def test_a_record_is_read_from_dublin_core() -> None:
    fields = """
      <dc:title xml:lang="en">Forest day</dc:title><dc:title xml:lang="de">Waldtag</dc:title>
      <dc:description xml:lang="ger">Für Kita-Gruppen ab 4 Jahren, 2 € pro Kind.</dc:description>
      <dc:description xml:lang="eng">For groups.</dc:description>
      <dc:creator>Erika Beispiel</dc:creator><dc:contributor>Max Beispiel</dc:contributor>
      <dc:publisher>Forstamt Poggendorf</dc:publisher>
      <dc:subject>Natur</dc:subject><dc:subject>Tiere</dc:subject>
      <dc:type>Event</dc:type><dc:date>2010</dc:date>
      <dc:identifier>978-3-16</dc:identifier><dc:identifier>https://wald.example/tag</dc:identifier>
      <dcterms:spatial>Waldschule, 17489 Greifswald</dcterms:spatial>
      <dcterms:temporal>mittwochs 9:30 Uhr</dcterms:temporal><dcterms:audience>Kitas</dcterms:audience>
    """

    found = only(read(answer(record(fields))))

    assert (found.origin.key, found.title, found.format) == ("oai:museum.example:7", "Waldtag", "oai_pmh")
    assert found.text == "Für Kita-Gruppen ab 4 Jahren, 2 € pro Kind."
    assert found.url == "https://wald.example/tag"
    assert found.words == {
        "provider": "Forstamt Poggendorf",
        "topics": "Natur, Tiere",
        "category": "Event",
        "audience": "Kitas",
        "place": "Waldschule, 17489 Greifswald",
        "dates": "mittwochs 9:30 Uhr",
        "updated": "2026-11-23",
    }


def test_persons_are_not_taken_over_and_the_day_of_publication_is_no_date() -> None:
    fields = f"{TITLE}<dc:creator>Erika Beispiel</dc:creator><dc:date>2026-12-05</dc:date>"

    found = only(read(answer(record(fields))))

    assert "Beispiel" not in found.model_dump_json()
    assert (found.occurrences, found.unread) == ((), {"date": "2026-12-05"})


def test_the_next_page_is_asked_for_by_its_token_alone() -> None:
    expires = 'cursor="0" expirationDate="2026-11-23T10:00:00Z"'
    token = f'<resumptionToken completeListSize="8" {expires}> a&amp;b=c/d </resumptionToken>'

    found = page(answer(record(), token), url=URL + "&page=oai")

    assert found.next == "https://museum.example/oai?page=oai&verb=ListRecords&resumptionToken=a%26b%3Dc%2Fd"
    assert (found.total, found.complete) == (8, True)


@pytest.mark.parametrize(
    "token", ["", "<resumptionToken/>", '<resumptionToken completeListSize="8"> </resumptionToken>']
)
def test_an_empty_token_is_the_end(token: str) -> None:
    assert page(answer(record(), token)).next is None


def test_deleted_records_are_told_and_the_last_word_counts() -> None:
    gone, back = record(key="a", status=" status='deleted'"), record(key="b")

    parsed = read(answer(record(key="a"), record(key="b", status=" status='deleted'"), gone, back))

    assert [found.origin.key for found in parsed.records] == ["b"]
    assert (parsed.deleted, parsed.complete) == (("a",), True)


def test_no_record_that_matches_is_an_empty_list() -> None:
    parsed = read(error("noRecordsMatch"))

    assert (parsed.records, parsed.issues, parsed.complete) == ((), (), True)


@pytest.mark.parametrize(
    "code", ["badResumptionToken", "badArgument", "cannotDisseminateFormat", "noSetHierarchy", "x"]
)
def test_every_other_error_is_said(code: str) -> None:
    with pytest.raises(ReadError) as caught:
        read(error(code, "token expired"))

    assert caught.value.rule == "oai_pmh.error"
    assert f"({code}, token expired)" in caught.value.happened


@pytest.mark.parametrize("verb", ["Identify", "ListSets", "ListMetadataFormats", "ListIdentifiers"])
def test_answers_that_list_no_records_say_what_to_ask_for(verb: str) -> None:
    with pytest.raises(ReadError) as caught:
        read(answer(verb=verb))

    assert caught.value.rule == "oai_pmh.no_records"
    assert verb in caught.value.happened
    assert "verb=ListRecords&metadataPrefix=oai_dc" in caught.value.remedy


def test_a_single_record_is_read_too() -> None:
    assert only(read(answer(record(), verb="GetRecord"))).title == "Waldtag"


@pytest.mark.parametrize("cut", range(20, 320, 23))
def test_an_answer_that_breaks_off_loses_its_last_record_and_is_not_complete(cut: int) -> None:
    token = "<resumptionToken>weiter</resumptionToken>"
    whole = answer(record(key="a"), record("<dc:title>Halber Titel</dc:title>", key="b"), token)

    found = page(whole[:-cut])

    assert [item.key for item in found.items] in (["a"], [])
    assert (found.complete, found.next) == (False, None)
    assert [issue.rule for issue in found.issues] == ["oai_pmh.truncated"]


def test_xml_that_is_not_well_formed_withdraws_nothing() -> None:
    found = page(answer(record("<dc:title>Wald <b>und Wiese</dc:title>")))

    assert [issue.rule for issue in found.issues] == ["oai_pmh.broken"]
    assert not found.complete


def test_a_record_without_identifier_may_be_a_known_offer() -> None:
    live, gone = page(answer(record(key=None))), page(answer(record(key=None, status=" status='deleted'")))

    assert ([issue.rule for issue in live.issues], live.complete) == (["oai_pmh.no_identifier"], False)
    assert ([issue.rule for issue in gone.issues], gone.complete) == (["oai_pmh.nothing_deleted"], True)


def test_metadata_of_another_kind_are_said_once() -> None:
    lido = "<lido:lido xmlns:lido='http://www.lido-schema.org'><lido:title>Vase</lido:title></lido:lido>"
    other = record().replace(record()[record().index("<oai_dc:dc") : record().index("</metadata>")], lido)

    parsed = read(answer(other, other.replace(":7<", ":8<")))

    assert (parsed.records, rules(parsed)) == ((), ["oai_pmh.metadata"])
    assert (parsed.issues[0].wording, (parsed.issues[0].message or "")[-2:]) == ("lido", "2.")


def test_a_record_without_a_title_is_said() -> None:
    assert rules(read(answer(record("<dc:publisher>Forstamt</dc:publisher>")))) == ["oai_pmh.no_title"]


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        ("<!doctype html><html><body>Bitte anmelden</body></html>", "oai_pmh.page"),
        ("<rss/>", "oai_pmh.no_answer"),
        ("", "oai_pmh.no_answer"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><OAI-PMH>&a;</OAI-PMH>', "oai_pmh.entities"),
        ('<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]><OAI-PMH>&a;</OAI-PMH>', "oai_pmh.entities"),
    ],
)
def test_what_is_no_answer_is_said(content: str, rule: str) -> None:
    with pytest.raises(ReadError) as caught:
        read(content)

    assert caught.value.rule == rule


def test_no_list_of_an_answer_is_ever_asked_for_in_part() -> None:
    base = "https://museum.example/oai"

    assert oai_pmh.wrong_address(oai_pmh.list_address(base)) is None
    for part in ("from=2026-11-01", "until=2026-11-01", "resumptionToken=x"):
        assert "nur einen Teil" in (oai_pmh.wrong_address(f"{oai_pmh.list_address(base)}&{part}") or "")
    assert "gebraucht wird" in (oai_pmh.wrong_address(base) or "")


def test_the_same_items_give_the_same_records() -> None:
    items = page(answer(record(key="a"), record(key="b"))).items
    origin = Origin(described("oai", start=(URL,)), URL, NOW, "oai_pmh")

    assert oai_pmh.make_records(items, origin) == oai_pmh.make_records(items, origin)
