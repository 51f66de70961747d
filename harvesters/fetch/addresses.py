"""Which addresses may be contacted: public ones, looked at after resolving and right before connecting.

A name is resolved once and the connection goes to the very address that was checked, so a name that answers differently
the second time gains nothing; redirects and robots.txt go the same way.
"""

import socket
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final
from urllib.parse import urlsplit

import httpcore

from harvesters.fetch.limits import Deadline, DeadlineStream

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], list[Address]]
"""Host and port → all addresses of the host; raises ``UnknownHost``."""

WEB_PORTS: Final = frozenset((80, 443))
"""The only ports outside of loopback."""
_NAT64: Final = IPv6Network("64:ff9b::/96")


class RefusedAddress(Exception):
    """Raised while connecting to a host whose address is not public; ``Client`` turns it into a message."""


class UnknownHost(Exception):
    """Raised while connecting to a host that cannot be resolved."""


def plain_url(url: str) -> str | None:
    """Why ``url`` may not be fetched, or ``None``: http and https only, with a host, without credentials.

    >>> plain_url("file:///etc/passwd"), plain_url("https://museum.example/kita")
    ('scheme', None)
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "url"
    if parts.scheme.lower() not in ("http", "https"):
        return "scheme"
    if not parts.hostname or port == 0:
        return "url"
    if parts.username is not None or parts.password is not None:
        return "credentials"
    return None


def is_public(address: Address) -> bool:
    """Whether ``address`` is one of the public internet, also when it is wrapped in IPv6 (mapped, 6to4, NAT64, Teredo).

    >>> is_public(ip_address("93.184.216.34")), is_public(ip_address("::ffff:127.0.0.1"))
    (True, False)
    """
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if address in _NAT64:
            inner = IPv4Address(int(address) & 0xFFFF_FFFF)
        if inner is not None:
            return is_public(inner)
        if address.is_site_local:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def is_allowed(address: Address, port: int, *, allow_loopback: bool) -> bool:
    """Whether a connection to ``address``:``port`` may be made: public on web ports, loopback on any where allowed."""
    if allow_loopback and address.is_loopback:
        return True
    return is_public(address) and port in WEB_PORTS


class GuardedBackend(httpcore.NetworkBackend):
    """Opens connections for httpcore: resolve, check every answer, connect to a checked one, within a deadline."""

    def __init__(self, deadline: Deadline, *, allow_loopback: bool, resolve: Resolve) -> None:
        self._deadline = deadline
        self._resolve = resolve
        self._allow_loopback = allow_loopback
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """A stream to a checked address of ``host``; raises ``RefusedAddress`` or ``UnknownHost``."""
        addresses = self._resolve(host, port)
        if not all(is_allowed(address, port, allow_loopback=self._allow_loopback) for address in addresses):
            raise RefusedAddress(f"{host} ({', '.join(map(str, addresses[:3]))}, port {port})")
        failure: httpcore.ConnectError | httpcore.ConnectTimeout | None = None
        for address in addresses[:4]:
            try:
                stream = self._plain.connect_tcp(
                    str(address), port, self._deadline.within(timeout), local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return DeadlineStream(stream, self._deadline)
        raise failure or httpcore.ConnectError(f"no address of {host} answers")

    def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Refused: sources live on the web."""
        raise RefusedAddress(path)


def resolve(host: str, port: int) -> list[Address]:
    """All addresses of ``host``, IPv4 first; the system also reads odd spellings (decimal, octal, short).

    Raises ``UnknownHost``.
    """
    try:
        answers = socket.getaddrinfo(host.rstrip("."), port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise UnknownHost(f"{host}: {error}") from error
    found = dict.fromkeys(ip_address(str(answer[4][0]).split("%")[0]) for answer in answers)
    return sorted(found, key=lambda address: address.version)
