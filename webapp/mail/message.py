"""A mail as bytes: headers around a rendered snapshot. Pure; the same row gives the same bytes."""

import re
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime
from typing import Any, Final

from schemas.clock import local
from schemas.exceptions import KitalotseError
from schemas.identifiers import digest
from schemas.region import Region
from schemas.store.digests import LedgerEntry
from webapp.mail.cards import one_line
from webapp.mail.render import Rendered

_LOCAL_PART: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}")
_DOMAIN: Final = re.compile(r"[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*")
_WHOLE: Final = frozenset({"list-unsubscribe", "message-id"})


class _Policy(EmailPolicy):
    """Leaves an address in one piece: Python would write one that is longer than a line as an encoded word, which no
    mail program takes for an address (RFC 5322 lets a line have 998 characters).
    """

    def fold(self, name: str, value: Any) -> str:
        """The header as lines."""
        return f"{name}: {value}{self.linesep}" if name.lower() in _WHOLE else super().fold(name, value)

    def fold_binary(self, name: str, value: Any) -> bytes:
        """The header as bytes."""
        if name.lower() in _WHOLE:
            return self.fold(name, value).encode("ascii")
        return super().fold_binary(name, value)


_POLICY: Final = _Policy(linesep="\r\n", cte_type="7bit")


class AddressError(KitalotseError):
    """Raised for a mail address that cannot stand in a header; that one mail fails, the others go on."""


def message_id(week: str, kita: str, recipient: int, *, sender: str) -> str:
    """The Message-ID of one week's mail to one recipient: always the same, so that a doubt can be looked up.

    >>> message_id("2026-W49", "kita-1", 7, sender="post@kitalotse.example")
    '<2026-w49.xdmc7d5ssmgydgjyvcrf@kitalotse.example>'
    """
    return f"<{week.lower()}.{digest('digest', week, kita, str(recipient))[:20]}@{_domain(sender)}>"


def invitation_id(recipient: int, invited_at: datetime, *, sender: str) -> str:
    """The Message-ID of the question whether an address wants the mail, as steadfast as that of the mail itself."""
    moment = invited_at.astimezone(UTC).isoformat()
    return f"<einladung.{digest('invitation', str(recipient), moment)[:20]}@{_domain(sender)}>"


def letter_id(dedupe: str, *, sender: str) -> str:
    """The Message-ID of a letter: it follows from what the letter is about.

    >>> letter_id("friday:13075:2026-W48:koordination@kreis.example", sender="post@kitalotse.example")
    '<brief.yovtjguhzh5f2zreowdt@kitalotse.example>'
    """
    return f"<brief.{digest('letter', dedupe)[:20]}@{_domain(sender)}>"


def _domain(sender: str) -> str:
    return sender.rpartition("@")[2].encode("idna").decode()


def compose(entry: LedgerEntry, region: Region, *, unsubscribe_url: str) -> EmailMessage:
    """The mail of a ledger row, sent in the name of ``region``.

    Raises ``AddressError`` where recipient or sender is no address that mail servers take.
    """
    message = assemble(
        Rendered(entry.subject, entry.text, entry.html),
        region,
        to=entry.address,
        at=entry.rendered_at,
        message_id=entry.message_id,
    )
    message["List-Unsubscribe"] = f"<{unsubscribe_url}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return message


def assemble(mail: Rendered, region: Region, *, to: str, at: datetime, message_id: str) -> EmailMessage:
    """A mail to the address ``to``, in the name of ``region``, with text and HTML.

    Raises ``AddressError`` where recipient or sender is no address that mail servers take.
    """
    message = EmailMessage(policy=_POLICY)
    message["From"] = address(region.sender_mail, region.sender_name)
    message["To"] = address(to)
    if region.reply_to:
        message["Reply-To"] = address(region.reply_to)
    message["Subject"] = one_line(mail.subject)
    message["Date"] = format_datetime(local(at))
    message["Message-ID"] = message_id
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text, cte="quoted-printable")
    message.add_alternative(mail.html, subtype="html", cte="quoted-printable")
    message["Content-Language"] = "de"
    message.set_boundary(f"=_{digest(message_id)[:40]}")
    return message


def address(mail: str, name: str = "") -> Address:
    """``mail`` as header value, with an international domain in its ASCII form.

    Raises ``AddressError`` for what is no address, or needs SMTPUTF8 before the ``@``, which few servers offer.
    """
    before, _, domain = mail.rpartition("@")
    try:
        ascii_domain = domain.encode("idna").decode()
    except UnicodeError:
        ascii_domain = ""
    if not _LOCAL_PART.fullmatch(before) or not _DOMAIN.fullmatch(ascii_domain):
        raise AddressError(f"{mail!r} is no address that mail servers take; expected name@example.org")
    return Address(one_line(name), before, ascii_domain)
