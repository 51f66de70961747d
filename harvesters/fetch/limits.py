"""How much one request may cost: a deadline over everything, limits on bytes as transferred and as decoded."""

import ssl
import time
import zlib
from collections.abc import Iterable
from typing import Any, Final

import httpcore

_CHUNK: Final = 65_536


class TooLarge(Exception):
    """Raised while reading a response that is larger than allowed; ``Client`` turns it into a message."""


class BrokenEncoding(Exception):
    """Raised for a response whose compression is broken, unknown or cut off."""


class Deadline:
    """A moment by which everything must be done, from connecting to the last byte."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def within(self, timeout: float | None) -> float:
        """``timeout`` or what is left of the deadline, if less; raises ``httpcore.ReadTimeout`` at its end."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the deadline of the request has passed")
        return left if timeout is None else min(timeout, left)


class DeadlineStream(httpcore.NetworkStream):
    """A connection each step of which ends with the deadline: a body that drips byte by byte gains nothing."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """As the stream's, within the deadline."""
        return self._stream.read(max_bytes, self._deadline.within(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """As the stream's, within the deadline."""
        self._stream.write(buffer, self._deadline.within(timeout))

    def close(self) -> None:
        """As the stream's."""
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """As the stream's, within the deadline; the host's name, not the address, must be in the certificate."""
        secured = self._stream.start_tls(ssl_context, server_hostname, self._deadline.within(timeout))
        return DeadlineStream(secured, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        """As the stream's."""
        return self._stream.get_extra_info(info)


def bounded_body(chunks: Iterable[bytes], encoding: str, *, max_wire: int, max_decoded: int) -> bytes:
    """The decoded body of a response whose ``Content-Encoding`` is identity, gzip or deflate.

    Decompression is told how much it may give back at a time, so that a bomb stops at the limit, not at its end.
    Raises ``TooLarge`` or ``BrokenEncoding``.
    """
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return _plain(chunks, min(max_wire, max_decoded))
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise BrokenEncoding(encoding)
    wire = 0
    body = bytearray()
    decoder = zlib.decompressobj(zlib.MAX_WBITS | 32)
    for chunk in chunks:
        wire += len(chunk)
        if wire > max_wire:
            raise TooLarge(f"{max_wire} bytes")
        pending = chunk
        while pending:
            try:
                body += decoder.decompress(pending, _CHUNK)
            except zlib.error as error:
                raise BrokenEncoding(f"{encoding}: {error}") from error
            if len(body) > max_decoded:
                raise TooLarge(f"{max_decoded} bytes")
            pending = decoder.unconsumed_tail
            if decoder.eof:
                pending = decoder.unused_data
                if pending:
                    decoder = zlib.decompressobj(zlib.MAX_WBITS | 32)
    if wire and not decoder.eof:
        raise BrokenEncoding(f"{encoding}: ends early")
    return bytes(body)


def _plain(chunks: Iterable[bytes], limit: int) -> bytes:
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > limit:
            raise TooLarge(f"{limit} bytes")
    return bytes(body)
