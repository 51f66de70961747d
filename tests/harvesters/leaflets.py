"""PDFs for tests: words put at places in Helvetica, plain, locked with a password, or as a picture."""

import hashlib
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

_PAD = bytes.fromhex("28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A")
_GREY = b"/Type/XObject/Subtype/Image/Width 1/Height 1/BitsPerComponent 8/ColorSpace/DeviceGray"


@dataclass(frozen=True)
class At:
    """One line of text; ``y`` in points from the top of the page."""

    x: float
    y: float
    text: str
    size: float = 10
    bold: bool = False


def column(x: float, y: float, *lines: str | At, leading: float = 14) -> list[At]:
    """Lines below each other; an ``At`` among them keeps its size and weight."""
    found = []
    for number, line in enumerate(lines):
        plain = line if isinstance(line, At) else At(0, 0, line)
        found.append(At(x, y + number * leading, plain.text, plain.size, plain.bold))
    return found


def head(text: str, size: float = 13) -> At:
    """A heading, to be placed by ``column``."""
    return At(0, 0, text, size, True)


def leaflet(*pages: Sequence[At], turned: bool = False, password: str | None = None) -> bytes:
    """A PDF of these pages. ``turned``: laid sideways, with /Rotate. ``password``: locked (RC4), "" for rights only."""
    streams = [b"\n".join(_shown(line, turned) for line in page) for page in pages]
    return _file(streams, b"/Rotate 90" if turned else b"", password)


def picture(pages: int = 1) -> bytes:
    """A scanned PDF: a grey picture on every page, no text."""
    return _file([b"q 595 0 0 842 0 0 cm /Scan Do Q"] * pages, b"", None)


def bomb(operators: bytes, times: int) -> bytes:
    """A page of a few kilobytes whose content is ``operators`` many ``times``."""
    return _file([operators * times], b"", None)


def _shown(line: At, turned: bool) -> bytes:
    text = line.text.encode("cp1252").replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")
    font = b"/Bold" if line.bold else b"/Plain"
    place = f"0 1 -1 0 {line.y} {line.x}" if turned else f"1 0 0 1 {line.x} {842 - line.y}"
    return b"BT %s %g Tf %s Tm (%s) Tj ET" % (font, line.size, place.encode(), text)


def _file(streams: Sequence[bytes], page: bytes, password: str | None) -> bytes:
    count = len(streams)
    lock = None if password is None else _Lock(password)
    kids = b" ".join(b"%d 0 R" % (6 + 2 * number) for number in range(count))
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count %d/Kids[%s]>>" % (count, kids),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica-Bold/Encoding/WinAnsiEncoding>>",
        _stream(_GREY, b"\x80", lock, 5),
    ]  # fmt: skip
    for number, content in enumerate(streams):
        own = 7 + 2 * number
        resources = b"/Resources<</Font<</Plain 3 0 R/Bold 4 0 R>>/XObject<</Scan 5 0 R>>>>"
        objects.append(
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]%s%s/Contents %d 0 R>>" % (page, resources, own)
        )
        objects.append(_stream(b"", content, lock, own))
    out, places = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n", []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    trailer = b"/Size %d/Root 1 0 R%s" % (len(objects) + 1, lock.trailer if lock else b"")
    return out + b"trailer\n<<%s>>\nstartxref\n%d\n%%%%EOF\n" % (trailer, start)


def _stream(extra: bytes, content: bytes, lock: "_Lock | None", number: int) -> bytes:
    packed = zlib.compress(content, 9)
    if lock:
        packed = lock.encrypt(packed, number)
    return b"<<%s/Filter/FlateDecode/Length %d>>stream\n%s\nendstream" % (extra, len(packed), packed)


class _Lock:
    """The standard security handler, revision 2 (ISO 32000-1, 7.6.3): RC4 with 40 bits."""

    def __init__(self, password: str) -> None:
        owner = _rc4(hashlib.md5(_PAD).digest()[:5], (password.encode() + _PAD)[:32])
        rights = struct.pack("<i", -64)
        self._key = hashlib.md5((password.encode() + _PAD)[:32] + owner + rights + b"x" * 16).digest()[:5]
        user = _rc4(self._key, _PAD)
        self.trailer = b"/ID[<%s><%s>]/Encrypt<</Filter/Standard/V 1/R 2/P -64/O<%s>/U<%s>>>" % (
            *((b"x" * 16).hex().encode(),) * 2,
            owner.hex().encode(),
            user.hex().encode(),
        )

    def encrypt(self, content: bytes, number: int) -> bytes:
        key = hashlib.md5(self._key + struct.pack("<i", number)[:3] + b"\0\0").digest()[:10]
        return _rc4(key, content)


def _rc4(key: bytes, content: bytes) -> bytes:
    box = list(range(256))
    j = 0
    for i in range(256):
        j = (j + box[i] + key[i % len(key)]) % 256
        box[i], box[j] = box[j], box[i]
    out, i, j = bytearray(), 0, 0
    for byte in content:
        i = (i + 1) % 256
        j = (j + box[i]) % 256
        box[i], box[j] = box[j], box[i]
        out.append(byte ^ box[(box[i] + box[j]) % 256])
    return bytes(out)
