"""Bytes → characters → clean lines."""

import lxml.html
import pytest

from harvesters.formats.text import decode, decode_html, element_lines, line, lines, looks_garbled, looks_like_page


@pytest.mark.parametrize(
    ("content", "declared", "transport", "encoding"),
    [
        ("Führung".encode(), None, None, "utf-8"),
        ("Führung".encode(), None, "iso-8859-1", "utf-8"),
        ("Führung".encode("utf-8-sig"), "cp1252", None, "utf-8"),
        ("Führung".encode("cp1252"), None, None, "cp1252"),
        ("Führung".encode("cp1252"), None, "utf-8", "cp1252"),
        ("Führung".encode("latin-1"), "latin-1", None, "latin-1"),
        ("Führung".encode("utf-16"), None, None, "utf-16-le"),
        ("Führung".encode("cp850"), None, "cp850", "cp850"),
        ("Führung".encode(), "gibt-es-nicht", None, "gibt-es-nicht"),
    ],
)
def test_text_is_decoded_as_it_was_written(
    content: bytes, declared: str | None, transport: str | None, encoding: str
) -> None:
    assert decode(content, declared, transport) == ("Führung", encoding)


def test_bytes_that_no_encoding_knows_do_not_stop_us() -> None:
    assert decode(b"F\x81hrung \xfc")[0] == "F\ufffdhrung ü"


def test_a_page_is_decoded_as_it_says() -> None:
    assert "Łódź" in decode_html('<meta charset="iso-8859-2"><p>Łódź'.encode("iso-8859-2"))
    assert "Łódź" in decode_html("<p>Łódź".encode("iso-8859-2"), None, "iso-8859-2")


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("Eins\r\n\r\nZwei", "Eins\nZwei"),
        ("<p>Eins</p><p>Zwei</p>", "Eins\nZwei"),
        ("Eins<br/>Zwei<br>Drei", "Eins\nZwei\nDrei"),
        ("A &amp; B &lt;3 &nbsp; C", "A & B <3 C"),
        ("Preis < 5 € & frei", "Preis < 5 € & frei"),
        ("Wald\u00adpäd\u200bagogik\ufeff", "Waldpädagogik"),
        ("fu\u0308r", "für"),
        ("<table><tr><td>Alter</td><td>ab 4</td></tr><tr><td>3 €</td></tr></table>", "Alter ab 4\n3 €"),
        ("Zeile 1\nZeile 2 <b>fett</b>", "Zeile 1\nZeile 2 fett"),
        ("\u202eumgedreht\u202c", "umgedreht"),
        ("Null\x00 und Piep\x07", "Null und Piep"),
        ("<!-- nur Kommentar -->", ""),
        ("", ""),
    ],
)  # fmt: skip
def test_lines_are_clean(raw: str, clean: str) -> None:
    assert lines(raw) == clean
    assert line(raw) == clean.replace("\n", " ")


def test_markup_that_was_escaped_once_more_is_markup() -> None:
    assert lines("&lt;script&gt;alert(1)&lt;/script&gt;&lt;p&gt;Wald&lt;/p&gt;") == "Wald"


def test_elements_without_words_are_left_out() -> None:
    element = lxml.html.fromstring("<div>Text<script>x()</script><style>p{}</style><!-- weg --><p>mehr</p> Ende</div>")

    assert element_lines(element) == "Text\nmehr\nEnde"


@pytest.mark.parametrize(
    ("text", "page"),
    [
        ("<!DOCTYPE html>\n<html>", True),
        ("\ufeff \n<HTML lang=de>", True),
        ("<!-- Cache --><!doctype html><html>", True),
        ("BEGIN:VCALENDAR", False),
        ("<?xml version='1.0'?><rss/>", False),
        ("Titel;Text\n<html>;x", False),
    ],
)
def test_pages_are_recognised_where_a_feed_was_expected(text: str, page: bool) -> None:
    assert looks_like_page(text) is page


def test_garbled_umlauts_are_recognised() -> None:
    assert looks_garbled("fÃ¼r GrÃ¶ÃŸere") and looks_garbled("â€žWaldâ€œ")
    assert not looks_garbled("SÃO PAULO, Ärger, „Wald“")
