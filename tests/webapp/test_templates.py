"""Templates: every German text passes gettext; nothing is inline or from another host; filters are harmless."""

import ast
import re
from pathlib import Path

import pytest
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from markupsafe import Markup

from recommender.parts import PARTS
from tests.webapp.site import HOSTILE, Site
from webapp.plain import one_line, plain, web_address
from webapp.template_filters import harmless, part_name, safe_link

FOLDER = Path(__file__).parents[2] / "webapp" / "templates"
STYLES = Path(__file__).parents[2] / "webapp" / "static" / "kitalotse.css"
PAGES = [FOLDER / "base.html", *sorted((FOLDER / "pages").glob("*.html"))]
JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
TAG = re.compile(r"<[^<>]*>", re.DOTALL)
FILE = re.compile(r"[a-z-]+\.[a-z]*")
"""A name of a file, perhaps with a part that a template fills in."""
CODE = re.compile(r"<code>.*?</code>", re.DOTALL)
"""Commands and names of files are not translated."""
STATE = re.compile(r'\saria-(?:invalid|describedby|current)="[^"]*"')
"""Attributes that a macro writes into a tag; nobody reads their values aloud."""
PLAIN_WORDS = {
    "–",
    "·",
    "„",
    "“ –",
    "km",
    "offers.ndjson",
    "offers.csv",
    "offers.ics",
    "offers.atom",
    ":",
    ",",
    "(",
    ")",
}
"""What may stand in a template unmarked: signs, units and names of files."""


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_no_text_stands_outside_gettext(path):
    text = CODE.sub("", JINJA.sub("", path.read_text(encoding="utf-8")))
    text = STATE.sub("", TAG.sub("\n", text))

    words = {line.strip() for line in text.splitlines()} - {""}

    assert {w for w in words if re.search(r"[A-Za-zÄÖÜäöüß]{2}", w) and not FILE.fullmatch(w)} - PLAIN_WORDS == set()


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_no_attribute_that_people_hear_or_see_stands_outside_gettext(path):
    text = JINJA.sub("", path.read_text(encoding="utf-8"))

    assert re.findall(r'(?:aria-label|title|alt|placeholder)="[^"]*[A-Za-zÄÖÜ]{2}[^"]*"', text) == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_nothing_is_inline_unescaped_or_from_elsewhere(path):
    text = path.read_text(encoding="utf-8")

    assert (
        re.findall(r"\sstyle=|\son[a-z]+=|<style|<script|\|\s*safe\b|autoescape|(?:src|href)=\"(?:https?:)?//", text)
        == []
    )


def test_the_style_sheet_loads_nothing():
    assert re.findall(r"url\(|@import", STYLES.read_text(encoding="utf-8")) == []


def test_forms_that_post_on_the_desk_carry_a_token():
    for path in PAGES:
        if path.name.startswith("desk"):
            text = path.read_text(encoding="utf-8")
            assert text.count('method="post"') == text.count("{{ csrf_input() }}"), path.name


def test_every_part_of_the_score_has_a_german_name():
    assert [part.name for part in PARTS if part_name(part.name) == part.name] == []


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "JAVASCRIPT:alert(1)",
        " javascript:x",
        "java\nscript:x",
        "data:text/html,x",
        "//evil.example",
        "http:/x",
        "https://",
        "https://x y",
        "https://x\u202e.example",
        "https://[",
        "http://x\n.example",
        "mailto:a@b.example",
        'https://x"onclick=y',
        "https://x<b>",
    ],
)
def test_what_is_no_web_address_is_no_link(address):
    assert web_address(address) is None
    assert "<a" not in safe_link(address)
    assert "<b>" not in safe_link(address)


@pytest.mark.parametrize(
    "address", ["https://museum.example/a?b=c&d=%20#e", "http://127.0.0.1:8000/ü", "https://übung.example/"]
)
def test_web_addresses_are_linked_without_telling_where_from(address):
    assert web_address(address) == address
    assert 'rel="noopener noreferrer external nofollow"' in safe_link(address)


def test_text_loses_what_is_not_seen_and_keeps_lines():
    assert plain("a\x00b\u202ec\u2066d\x1b[31m\n\te") == "abcd[31m\n\te"
    assert one_line("a\n b\u2028 c\x0b") == "a b c"
    assert harmless(Markup("<b>\u202ex</b>")) == Markup("<b>x</b>")
    assert isinstance(harmless(Markup("x")), Markup)
    assert harmless(3) == 3


def test_what_a_template_prints_is_escaped_and_harmless(site: Site):
    with site.app.test_request_context("/"):
        made = site.app.jinja_env.from_string("{{ _('Hallo %(x)s', x=x) }} {{ x }}").render(x=HOSTILE)

    assert "<script>" not in made
    assert "\u202e" not in made
    assert "\0" not in made
    assert "{{ 7*7 }}" in made


# -- ready for translation --------------------------------------------------------------------------------------------

WEBAPP = Path(__file__).parents[2] / "webapp"
EXTRACT = [("**.py", "python"), ("**/templates/pages/**.html", "jinja2"), ("templates/base.html", "jinja2")]
WRAPPERS = {"_": None, "_l": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2)}
GERMAN = re.compile(r"[äöüÄÖÜß„“]|\b(?:[Bb]itte|nicht|und|oder|der|die|das|ist|wird|sind|kein|keine|für|mit|noch)\b")


def extracted() -> list[tuple[str, str | tuple[str, ...]]]:
    found = extract_from_dir(WEBAPP, EXTRACT, keywords=DEFAULT_KEYWORDS | WRAPPERS)
    return [(name, message) for name, _line, message, _comments, _context in found]


def test_babel_extracts_the_words_of_pages_and_code():
    messages = extracted()
    names = {name for name, _ in messages}

    assert len({str(message) for _, message in messages}) > 300
    assert names >= {"templates/pages/search.html", "templates/base.html", "pages/asking.py", "errors.py"}
    assert ("pages/asking.py", "Alter der Kinder") in messages
    plural = ("%(num)s davon nennt kein Alter.", "%(num)s davon nennen kein Alter.")
    assert ("template_filters.py", plural) in messages


@pytest.mark.parametrize("path", sorted(WEBAPP.glob("**/*.py")), ids=lambda path: str(path.relative_to(WEBAPP)))
def test_what_is_translated_is_a_constant(path):
    """Words put together before they are looked up are never found: no f-strings, no additions, no variables."""
    tree = ast.parse(path.read_text("utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and called(node) in WRAPPERS]

    assert [ast.unparse(call) for call in calls if not is_constant(call)] == []


@pytest.mark.parametrize(
    "path", sorted((WEBAPP / "pages").glob("*.py")), ids=lambda path: str(path.relative_to(WEBAPP))
)
def test_german_words_of_the_pages_pass_gettext(path):
    tree = ast.parse(path.read_text("utf-8"))
    wrapped = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and called(node) in WRAPPERS
        for part in ast.walk(node)
    }
    silent = {id(part) for node in ast.walk(tree) if isinstance(node, ast.Expr) for part in ast.walk(node.value)}
    matched = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith(("re.", "frozenset"))
        for part in ast.walk(node)
    }

    texts = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    loose = [node.value for node in texts if id(node) not in wrapped | silent | matched and GERMAN.search(node.value)]

    assert [words for words in loose if not words.startswith("/")] == []  # addresses have German words too


def called(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else ""


def is_constant(call: ast.Call) -> bool:
    words = call.args[:2] if called(call) == "ngettext" else call.args[:1]
    return bool(words) and all(isinstance(word, ast.Constant) and isinstance(word.value, str) for word in words)
