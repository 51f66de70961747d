"""Limits for what anybody may do: how often in a span of time, and a field that only robots fill in.

    with writing() as change:
        allowed = allow(change, "entry", most=5, per=timedelta(hours=1), now=now())
    if not allowed:
        too_many(timedelta(hours=1))

The count needs a transaction of its own, as above: an abort inside the block would take it back.
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Final, NoReturn

from flask import request
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.exceptions import TooManyRequests

from schemas.store.rates import count
from webapp.db import state

HONEYPOT: Final = "homepage2"
"""Name of a field that people do not see (macro ``honeypot`` in ``templates/pages/_forms.html``)."""
_NETWORK_BITS: Final = 64
"""Who has one IPv6 address usually has all of its /64, so they count as one."""
_HOUR: Final = timedelta(hours=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def allow(session: Session, name: str, *, most: int, per: timedelta, now: datetime, key: str | None = None) -> bool:
    """Count an attempt at ``name`` and say whether it is among the first ``most`` of its span of time ``per``.

    Spans are fixed: an hour begins when the clock's hour does. ``key`` says who tries; without one it is the visitor's
    network address. Only a hash of it is kept, keyed with the installation's secret, and for a day; so ``per`` is a day
    at most. ``name`` has at most 40 characters.
    """
    who = _visitor() if key is None else key
    window = now - (now - _EPOCH) % per
    return count(session, name, keyed_hash(state().settings.secret(), name, who), window=window) <= most


def too_many(per: timedelta = _HOUR) -> NoReturn:
    """End the request with the page for *too often* (429); ``per`` is the span of time of the limit."""
    words = None if per <= _HOUR else _("Bitte versuchen Sie es morgen noch einmal.")
    raise TooManyRequests(words, retry_after=int(per.total_seconds()))


def is_robot(form: Mapping[str, str]) -> bool:
    """Whether the field that people do not see was filled in."""
    return bool(form.get(HONEYPOT, "").strip())


def keyed_hash(secret: str, name: str, key: str) -> str:
    """64 characters that stand for ``key`` under ``name``; without ``secret`` nobody can try addresses out.

    >>> keyed_hash("s" * 40, "entry", "192.0.2.7") == keyed_hash("s" * 40, "sign_in", "192.0.2.7")
    False
    """
    return hmac.new(secret.encode(), f"rates\0{name}\0{key}".encode(), hashlib.sha256).hexdigest()


def _visitor() -> str:
    try:
        address = ip_address(request.remote_addr or "")
    except ValueError:
        return "unknown"  # a Unix socket without a proxy that says more: all count as one
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(IPv6Network((int(address), _NETWORK_BITS), strict=False))
    return str(address)
