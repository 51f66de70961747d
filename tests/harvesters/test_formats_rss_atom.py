"""RSS and Atom → Records."""

from functools import partial

import pytest

from harvesters.formats import rss_atom
from harvesters.problems import ReadError
from schemas.harvest import RawOccurrence
from tests.harvesters.parsing import only, parse, rules

read = partial(parse, rss_atom.parse, kind="rss")

SPACES = (
    'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:ev="http://purl.org/rss/1.0/modules/event/" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:georss="http://www.georss.org/georss" '
    'xmlns:xcal="urn:ietf:params:xml:ns:xcal" xmlns:mec="http://webnus.net/rss/mec/"'
)
ITEM = "<item><title>Waldtag</title><guid isPermaLink='false'>w-7</guid>{}</item>"


def rss(*items: str, head: str = "") -> str:
    return f'<?xml version="1.0"?>\n<rss version="2.0" {SPACES}><channel>{head}{"".join(items)}</channel></rss>'


def test_an_item_becomes_a_record() -> None:
    item = """
    <link>/wald?a=1&amp;b=2</link>
    <description>Mit dem Förster in den Wald …</description>
    <content:encoded><![CDATA[<p>Mit dem Förster in den Wald&nbsp;gehen.</p><p>Ab 4 Jahren</p>]]></content:encoded>
    <category>Natur</category><category>Kinder</category>
    <pubDate>Sat, 05 Dec 2026 08:00:00 +0100</pubDate>
    <dc:creator>Erika Beispiel</dc:creator>
    <enclosure url="https://museum.example/a.mp3" type="audio/mpeg" length="1"/>
    <georss:point>54.09 13.38</georss:point>
    <treffpunkt>Parkplatz</treffpunkt>
    """

    record = only(read(rss(ITEM.format(item))))

    assert (record.origin.key, record.title, record.format) == ("w-7", "Waldtag", "rss_atom")
    assert record.text == "Mit dem Förster in den Wald gehen.\nAb 4 Jahren"
    assert record.url == "https://museum.example/wald?a=1&b=2"
    assert record.words == {
        "category": "Natur, Kinder",
        "updated": "Sat, 05 Dec 2026 08:00:00 +0100",
        "lat": "54.09",
        "lon": "13.38",
    }
    assert record.unread == {"treffpunkt": "Parkplatz"}


def test_the_day_of_publication_is_no_date_of_the_offer() -> None:
    record = only(read(rss(ITEM.format("<pubDate>Sat, 05 Dec 2026 08:00:00 +0100</pubDate>"))))

    assert record.occurrences == ()
    assert "dates" not in record.words


@pytest.mark.parametrize(
    "event",
    [
        "<ev:startdate>2026-12-05T09:30:00+01:00</ev:startdate><ev:enddate>2026-12-05T11:00:00+01:00</ev:enddate>"
        "<ev:location>Waldschule, 17489 Greifswald</ev:location><ev:organizer>Forstamt</ev:organizer>",
        "<xcal:dtstart>20261205T083000Z</xcal:dtstart><xcal:dtend>20261205T100000Z</xcal:dtend>"
        "<xcal:location>Waldschule, 17489 Greifswald</xcal:location><xcal:organizer>Forstamt</xcal:organizer>",
        "<mec:startDate>2026-12-05</mec:startDate><mec:startHour>9:30</mec:startHour>"
        "<mec:endDate>2026-12-05</mec:endDate><mec:endHour>11:00</mec:endHour>"
        "<mec:location>Waldschule, 17489 Greifswald</mec:location><mec:organizer>Forstamt</mec:organizer>",
    ],
    ids=["ev", "xcal", "mec"],
)
def test_event_modules_say_when_and_where(event: str) -> None:
    record = only(read(rss(ITEM.format(event))))

    assert record.occurrences == (RawOccurrence(start="2026-12-05T09:30", end="2026-12-05T11:00"),)
    assert record.words == {"place": "Waldschule, 17489 Greifswald", "provider": "Forstamt"}
    assert record.unread == {}


def test_event_words_that_are_no_plain_time_stay_words() -> None:
    record = only(read(rss(ITEM.format("<ev:startdate>jeden Dienstag</ev:startdate>"))))

    assert (record.occurrences, record.words["dates"]) == ((), "jeden Dienstag")


def test_atom_entries_and_their_links() -> None:
    content = """<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://museum.example/neu/">
      <link rel="next" href="?seite=2"/>
      <entry>
        <id>urn:uuid:7</id><title type="html">Wald &lt;b&gt;und&lt;/b&gt; Wiese</title>
        <link rel="edit" href="/bearbeiten"/><link href="wald.html"/>
        <author><name>Erika Beispiel</name></author>
        <category term="natur" label="Natur"/><updated>2026-11-30T08:00:00Z</updated>
        <content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Ab 4.</p><p>Frei.</p></div></content>
      </entry>
    </feed>"""

    parsed = read(content)
    record = only(parsed)

    assert (record.origin.key, record.title, record.text) == ("urn:uuid:7", "Wald und Wiese", "Ab 4.\nFrei.")
    assert record.url == "https://museum.example/neu/wald.html"
    assert record.words["category"] == "Natur"
    assert record.unread == {}
    assert parsed.next == "https://museum.example/neu/?seite=2"


def test_rdf_items_stand_beside_their_channel() -> None:
    content = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/">
      <channel rdf:about="https://museum.example/"><title>Neues</title></channel>
      <item rdf:about="https://museum.example/wald"><title>Waldtag</title></item></rdf:RDF>"""

    assert only(read(content)).origin.key == "https://museum.example/wald"


def test_a_permanent_guid_is_the_link_and_another_is_not() -> None:
    permanent = "<item><title>a</title><guid>https://museum.example/a</guid></item>"
    other = "<item><title>b</title><guid isPermaLink='false'>https://museum.example/b</guid></item>"

    assert [record.url for record in read(rss(permanent, other)).records] == ["https://museum.example/a", None]


def test_an_item_without_a_title_is_said() -> None:
    assert rules(read(rss("<item><guid>7</guid></item>"))) == ["rss_atom.no_title"]


@pytest.mark.parametrize("encoding", ["iso-8859-1", "windows-1252", "utf-16", "utf-8-sig"])
def test_the_declared_encoding_is_read(encoding: str) -> None:
    declared = "utf-8" if encoding == "utf-8-sig" else encoding
    text = rss("<item><title>Führung</title></item>").replace('"1.0"', f'"1.0" encoding="{declared}"', 1)

    assert only(read(text.encode(encoding))).title == "Führung"


def test_a_feed_that_breaks_off_loses_its_last_item_and_is_not_complete() -> None:
    whole = rss(ITEM.format(""), "<item><title>Halb</title><guid>h</guid><description>Ab 4 Jahren</description></item>")

    parsed = read(whole[: whole.index("Jahren")])

    assert [record.title for record in parsed.records] == ["Waldtag"]
    assert rules(parsed) == ["rss_atom.truncated"]
    assert not parsed.complete


def test_xml_that_is_not_well_formed_is_read_and_said() -> None:
    parsed = read(rss(ITEM.format("<description>Wald <br> Wiese</description>")))

    assert [record.title for record in parsed.records] == ["Waldtag"]
    assert rules(parsed) == ["rss_atom.repaired"]


def test_names_of_html_and_undeclared_prefixes_cost_nothing() -> None:
    parsed = read(rss(ITEM.format("<description>F&uuml;r A&B</description><itunes:subtitle>x</itunes:subtitle>")))

    assert [(record.text, record.unread) for record in parsed.records] == [("Für A&B", {"subtitle": "x"})]


BOMB = "<!DOCTYPE rss [" + "".join(f'<!ENTITY a{n + 1} "&a{n};&a{n};&a{n};">' for n in range(9)) + "]>"
FILE = '<!DOCTYPE rss [<!ENTITY a SYSTEM "file:///etc/hostname">]>'


@pytest.mark.parametrize("doctype", [BOMB, FILE], ids=["bomb", "file"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_are_refused(doctype: str, encoding: str) -> None:
    content = f"{doctype}<rss><channel><item><title>&a;</title></item></channel></rss>".encode(encoding)

    with pytest.raises(ReadError) as caught:
        read(content)

    assert caught.value.rule == "rss_atom.entities"


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        ("<!doctype html><html><body>Bitte anmelden</body></html>", "rss_atom.page"),
        ('<?xml version="1.0"?><urlset/>', "rss_atom.no_feed"),
        ("kein XML", "rss_atom.no_feed"),
        ("", "rss_atom.no_feed"),
    ],
)
def test_what_is_no_feed_is_said(content: str, rule: str) -> None:
    with pytest.raises(ReadError) as caught:
        read(content)

    assert caught.value.rule == rule


@pytest.mark.parametrize("content", ["<rss/>", "<rss version='2.0'><channel></channel></rss>"])
def test_a_feed_without_items_is_empty_and_complete(content: str) -> None:
    parsed = read(content)

    assert (parsed.records, parsed.issues, parsed.complete) == ((), (), True)
