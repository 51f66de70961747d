"""The local outbox, in demo mode only: what would have been mailed, as a Kita would see it."""

from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Final

from flask import Blueprint, abort, render_template
from flask.typing import ResponseReturnValue

from webapp.access import Who, who
from webapp.db import state
from webapp.pages.framing import framed, framing

pages = Blueprint("outbox", __name__, url_prefix="/outbox")

MAX_SHOWN: Final = 500


@dataclass(frozen=True)
class Mail:
    """One mail of the outbox."""

    name: str
    message: EmailMessage

    def header(self, name: str) -> str:
        """A header as text; empty where it is absent."""
        return str(self.message.get(name, ""))

    @property
    def sent_at(self) -> datetime | None:
        """When it was written."""
        return getattr(self.message.get("Date"), "datetime", None)

    def part(self, kind: str) -> str:
        """The body of kind ``plain`` or ``html``; empty where it is absent."""
        body = self.message.get_body((kind,))
        return str(body.get_content()) if body is not None else ""


@pages.get("/")
@who(Who.EVERYBODY)
def mails() -> ResponseReturnValue:
    """All mails, newest first."""
    paths = sorted(_folder().glob("*.eml"), key=lambda path: (path.stat().st_mtime_ns, path.name), reverse=True)
    found = [_read(path) for path in paths[:MAX_SHOWN]]
    return render_template("pages/outbox.html", mails=found, total=len(paths))


@pages.get("/<name>")
@who(Who.EVERYBODY)
def mail(name: str) -> ResponseReturnValue:
    """One mail: headers, HTML in a frame, text part."""
    return framing(render_template("pages/outbox_mail.html", mail=_find(name)))


@pages.get("/<name>/html")
@who(Who.EVERYBODY)
def html(name: str) -> ResponseReturnValue:
    """The HTML part alone, fenced in."""
    return framed(_find(name).part("html"))


def _folder() -> Path:
    return state().settings.outbox_dir


def _find(name: str) -> Mail:
    path = next((path for path in _folder().glob("*.eml") if path.stem == name), None)
    if path is None:
        abort(404)
    return _read(path)


def _read(path: Path) -> Mail:
    with path.open("rb") as file:
        return Mail(path.stem, BytesParser(_class=EmailMessage, policy=policy.default).parse(file))
