"""No test talks to anything but this machine.

Connections and name look-ups that would leave the machine raise, and are remembered, so that a test fails even where
the code under test took the error for a source that is down. Child processes are not watched; tests give them
loopback addresses.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

import pytest

Address = Any  # what socket.connect takes: (host, port, …), or a path for AF_UNIX


class NetworkForbidden(RuntimeError):
    """Raised where a test would leave the machine. Not an OSError, so that no retry or fallback takes it for one."""


class NetworkGuard:
    """Replaces the ways out of the `socket` module, from `install` until the patch is undone."""

    def __init__(self) -> None:
        self.attempts: list[str] = []

    def install(self, patch: pytest.MonkeyPatch) -> None:
        connect, connect_ex, sendto = socket.socket.connect, socket.socket.connect_ex, socket.socket.sendto
        getaddrinfo = socket.getaddrinfo

        def guarded_connect(sock: socket.socket, address: Address) -> None:
            self._check(sock.family, address)
            connect(sock, address)

        def guarded_connect_ex(sock: socket.socket, address: Address) -> int:
            self._check(sock.family, address)
            return connect_ex(sock, address)

        def guarded_sendto(sock: socket.socket, data: bytes, *rest: Any) -> int:
            self._check(sock.family, rest[-1])
            return sendto(sock, data, *rest)

        def guarded_getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
            if host is not None and not is_this_machine(host):
                self._forbid(f"look up the name {host!r}")
            return getaddrinfo(host, *args, **kwargs)

        patch.setattr(socket.socket, "connect", guarded_connect)
        patch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
        patch.setattr(socket.socket, "sendto", guarded_sendto)
        patch.setattr(socket, "getaddrinfo", guarded_getaddrinfo)

    def _check(self, family: int, address: Address) -> None:
        if family in (socket.AF_INET, socket.AF_INET6) and not is_this_machine(address[0]):
            self._forbid(f"connect to {address[0]} port {address[1]}")

    def _forbid(self, what: str) -> None:
        self.attempts.append(what)
        raise NetworkForbidden(
            f"this test tried to {what}. Tests reach loopback only: serve the bytes from a local server, or pass a fake"
        )


def is_this_machine(host: str | bytes) -> bool:
    """True for loopback addresses, the names that stand for them, this machine's own name, and "" (any interface)."""
    name = host.decode("idna") if isinstance(host, bytes) else host
    if name in ("", "localhost", socket.gethostname()) or name.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(name.split("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified
