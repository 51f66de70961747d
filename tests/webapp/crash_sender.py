"""A sender to be killed: says "sending" once it is ready, then sends mails and letters. Started by test_mail_relay."""

import sys
from datetime import datetime

from schemas.db import Database
from tests.webapp.mail_setup import SENDING
from webapp.mail.sender import Letters, WeeklyMails, send_due
from webapp.mail.transports import Relay


def main(database_url: str, port: str, now: str) -> None:
    """Send over the relay on this machine at ``port``; ``now`` is the current moment."""
    database = Database(database_url)
    with database.read() as session:
        session.connection()
    print("sending", flush=True)
    for ledger in (WeeklyMails(SENDING), Letters(SENDING)):
        relay = Relay("127.0.0.1", int(port), security="none")
        send_due(database, relay, SENDING, lambda: datetime.fromisoformat(now), ledger=ledger)


if __name__ == "__main__":
    main(*sys.argv[1:])
