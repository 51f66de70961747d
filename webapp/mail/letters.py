"""Letters: mails other than the weekly one, to coordinators and providers. Written into the ledger, sent by the job
``letters`` within seconds where ``kitalotse schedule`` runs, and by ``send`` at the latest.

    mail = render_letter("sign_in", {"region": region, "portal": portal, "example": example, "link": link})
    post(change, region, kind="sign_in", dedupe=f"sign_in:{nonce}", to=person.mail, mail=mail, now=now())

Templates are ``templates/mail/<name>.subject.txt``, ``.txt`` and ``.html``; the HTML extends ``mail/_letter.html``, the
text ends in ``{% include "mail/_letter_foot.txt" %}``. Both want ``region``, ``portal`` (its public address) and
``example`` (whether the data is invented).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy.orm import Session

from schemas.region import Region
from schemas.store.letters import Letter, enter_letter
from schemas.store.work import add_work
from webapp.mail.message import AddressError, address, letter_id
from webapp.mail.render import Rendered, render_parts

JOB: Final = "letters"
"""The job that sends letters."""
MAX_ADDRESS: Final = 254


def render_letter(name: str, values: Mapping[str, object]) -> Rendered:
    """The letter ``name`` with ``values``; pure. A value that the templates want and do not get is an error."""
    return render_parts(name, values)


def post(
    session: Session,
    region: Region,
    *,
    kind: str,
    dedupe: str,
    to: str,
    mail: Rendered,
    now: datetime,
    send_before: datetime | None = None,
    data: Mapping[str, Any] | None = None,
) -> int | None:
    """Write a letter in the name of ``region``, to be sent once this transaction is committed; gives its number.

    ``None``: a letter with this ``dedupe`` was written before, and nothing is written now. ``dedupe`` says what the
    letter is about and has at most 200 characters (``friday:13075:2026-W48:name@kreis.example``); its first part is the
    ``kind``, at most 20. A letter not sent by ``send_before`` is not sent at all. ``data`` (JSON) is for the writer to
    remember. Raises ``AddressError`` where ``to`` is no address that mail servers take.
    """
    address(to)
    if len(to) > MAX_ADDRESS:
        raise AddressError(f"{to!r} is longer than {MAX_ADDRESS} characters; expected name@example.org")
    number = enter_letter(
        session,
        Letter(
            kind=kind,
            dedupe=dedupe,
            region=region.key,
            address=to,
            message_id=letter_id(dedupe, sender=region.sender_mail),
            subject=mail.subject,
            text=mail.text,
            html=mail.html,
            data=dict(data or {}),
            send_before=send_before,
        ),
        now=now,
    )
    if number is not None:
        add_work(session, JOB, now)
    return number
