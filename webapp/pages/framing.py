"""A mail shown on a page: its HTML is a document of its own, in a frame, fenced in.

Mails carry their styles inline, for mail programs want them there; our pages forbid that. So the styles of the mail are
gathered into one style sheet that the policy names by its hash, and the document may do nothing else: nothing runs,
loads or submits (``sandbox``). The page around it stays as strict as all others.
"""

from base64 import b64encode
from hashlib import sha256
from typing import Final

from flask import Response, make_response
from lxml import html as markup

from webapp.security import HEADERS

_MAIL_CSP: Final = (
    "default-src 'none'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; "
    "sandbox allow-top-navigation-by-user-activation allow-popups"
)


def framed(html: str) -> Response:
    """A mail's HTML as the document inside the frame; links open in the whole window, for our pages refuse frames."""
    document, style = _gathered(html)
    response = Response(document, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = _MAIL_CSP.format(b64encode(sha256(style.encode()).digest()).decode())
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response


def framing(page: str) -> Response:
    """A rendered page that has such a frame in it."""
    response = make_response(page)
    response.headers["Content-Security-Policy"] = HEADERS["Content-Security-Policy"] + "; frame-src 'self'"
    return response


def _gathered(html: str) -> tuple[str, str]:
    """``html`` with all its styles in one ``style`` element, and what stands in that: first what was inline, a class
    for each different one, then the mail's own sheets (for dark mode), which are written to win over it."""
    root = markup.document_fromstring(html or "<html></html>", ensure_head_body=True)
    classes: dict[str, str] = {}
    for element in root.iter("*"):
        if words := str(element.attrib.pop("style", "")):
            name = classes.setdefault(words, f"s{len(classes)}")
            element.set("class", f"{element.get('class', '')} {name}".strip())
    rules = [f".{name}{{{words}}}" for words, name in classes.items()]
    for sheet in list(root.iter("style")):
        rules.append(sheet.text or "")
        if (around := sheet.getparent()) is not None:
            around.remove(sheet)
    style = "\n".join(rules).replace("<", "\\3c ").replace("\r", "")
    head = root.find("head")
    if head is None:  # ``ensure_head_body`` has made one
        raise AssertionError("a document without head")
    head.insert(0, markup.Element("base", target="_top"))
    gathered = markup.Element("style")
    gathered.text = style
    head.append(gathered)
    return markup.tostring(root, encoding="unicode", doctype="<!doctype html>"), style
