"""A visitor without scripts: opens pages, fills in their forms as they stand, presses buttons.

Forms are sent with everything the page put into them, the hidden CSRF token included, so that a form that lacks
something fails here as it would in a browser.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask
from lxml import html
from werkzeug.test import TestResponse


class Page:
    """One page as it came back."""

    def __init__(self, response: TestResponse) -> None:
        self.status = response.status_code
        self.path = response.request.path
        self.response = response
        self.tree = html.fromstring(response.text or "<html></html>")

    @property
    def text(self) -> str:
        """All words, white space made one."""
        return words(self.tree)

    def section(self, heading: str) -> str:
        """The words of the section, card or article under the first heading (or summary) that holds `heading`."""
        for element in self.tree.xpath("//h1|//h2|//h3|//summary"):
            if heading in words(element):
                return words(element.getparent())
        raise AssertionError(f"{self.path}: no heading holds {heading!r}; the page says: {self.text[:500]}")


class Visitor:
    """One person at one browser: keeps cookies."""

    def __init__(self, app: Flask) -> None:
        self._client = app.test_client()

    def open(self, address: str) -> Page:
        """GET of an address or path, following redirects."""
        return Page(self._client.get(_path(address), follow_redirects=True))

    def submit(self, page: Page, action: str, *, button: str | None = None, **values: str | list[str]) -> Page:
        """Fill in the form of `page` whose address ends in `action`, press `button` (by its words), follow redirects.

        `values` replace what stands in the form; an unknown input fails the test, as nobody could fill it in.
        """
        form = next((f for f in page.tree.forms if urlsplit(f.action or page.path).path.endswith(action)), None)
        assert form is not None, f"{page.path} has no form for {action}; it has {[f.action for f in page.tree.forms]}"
        data: dict[str, str | list[str]] = {}
        for name, value in form.form_values():
            held = data.get(name)
            data[name] = value if held is None else [*(held if isinstance(held, list) else [held]), value]
        unknown = values.keys() - set(form.fields.keys())
        assert not unknown, (
            f"the form for {action} has no inputs {sorted(unknown)}; it has {sorted(form.fields.keys())}"
        )
        pressed = [b for b in form.xpath(".//button") if button is None or button in words(b)]
        assert pressed, f"the form for {action} has no button {button!r}"
        if pressed[0].get("name"):
            data[pressed[0].get("name")] = pressed[0].get("value", "")
        address = _path(form.action or page.path)
        if form.method.upper() == "GET":
            return Page(self._client.get(address, query_string=data | values, follow_redirects=True))
        return Page(self._client.post(address, data=data | values, follow_redirects=True))

    def post(self, address: str, **values: str) -> Page:
        """POST without having seen the form, as mail programs do for one-click unsubscribing."""
        return Page(self._client.post(_path(address), data=values))


def words(element: html.HtmlElement) -> str:
    """The words of an element, white space made one."""
    return " ".join(element.text_content().split())


def _path(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
