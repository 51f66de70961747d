"""Breaks what a site answers, in the ways in which sites break: one function for each, the same for every format."""

import gzip
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Final

from tests.harvesters.loopback import Answer

LOGIN: Final = (
    "<!doctype html><html lang=de><head><title>Anmelden</title></head><body><h1>Anmelden</h1>"
    "<form method=post><label>Kennwort <input type=password name=pw></label><button>Anmelden</button></form>"
)
MAINTENANCE: Final = (
    "<!doctype html><html lang=de><title>Wartungsarbeiten</title><h1>Wartungsarbeiten</h1><p>Bald wieder da.</p>"
)
_DATES: Final = re.compile(rb"(?:19|20)\d\d-?[01]\d-?[0-3]\d")
_BOMB: Final = gzip.compress(b" " * 150_000_000)
_DEEP: Final = 100_000


@dataclass(frozen=True, slots=True)
class Broken:
    """A way of breaking."""

    name: str
    damage: Callable[[Answer, Sequence[str], Random], Answer]
    """From the whole answer, the keys of the offers in it, and chance."""
    keeps_all: bool = True
    """Whether no offer may be lost by it, however often it is read; not where single offers go unnoticeably."""


def _body(make: Callable[[bytes], bytes]) -> Callable[[Answer, Sequence[str], Random], Answer]:
    return lambda answer, keys, chance: replace(answer, body=make(answer.body))


def _page(html: str) -> Callable[[Answer, Sequence[str], Random], Answer]:
    return lambda answer, keys, chance: Answer(html.encode(), headers={"Content-Type": "text/html; charset=utf-8"})


def _as_utf16(answer: Answer, keys: Sequence[str], chance: Random) -> Answer:
    text = answer.body.decode("utf-8", "replace")
    media_type = answer.headers.get("Content-Type", "text/plain").partition(";")[0]
    return Answer(text.encode("utf-16-le"), headers={"Content-Type": f"{media_type}; charset=utf-8"})


def _one_key(answer: Answer, keys: Sequence[str], chance: Random) -> Answer:
    folded = rb"(?:\r?\n[ \t])?"
    others = [folded.join(re.escape(bytes([each])) for each in key.encode()) for key in keys[1:]]
    if not others:
        return answer
    first = keys[0].encode()
    return replace(answer, body=re.sub(b"|".join(others), lambda _: first, answer.body))


def _other_days(answer: Answer, keys: Sequence[str], chance: Random) -> Answer:
    days = _DATES.findall(answer.body)
    chance.shuffle(days)
    shuffled = iter(days)
    return replace(answer, body=_DATES.sub(lambda _: next(shuffled), answer.body))


def _flipped(answer: Answer, keys: Sequence[str], chance: Random) -> Answer:
    body = bytearray(answer.body)
    for _ in range(len(body) // 100 + 1):
        body[chance.randrange(len(body))] = chance.randrange(256)
    return replace(answer, body=bytes(body))


def _bomb(answer: Answer, keys: Sequence[str], chance: Random) -> Answer:
    return Answer(_BOMB, headers=answer.headers | {"Content-Encoding": "gzip"})


WAYS: Final = (
    Broken("a third", _body(lambda body: body[: len(body) // 3])),
    Broken("two thirds", _body(lambda body: body[: 2 * len(body) // 3])),
    Broken("empty", _body(lambda body: b"")),
    Broken("blank", _body(lambda body: b" \r\n" * 40)),
    Broken("sign-in", _page(LOGIN)),
    Broken("maintenance", _page(MAINTENANCE)),
    Broken("UTF-16 called UTF-8", _as_utf16),
    Broken("one key", _one_key),
    Broken("other days", _other_days),
    Broken("deep lists", _body(lambda body: b"[" * _DEEP)),
    Broken("deep elements", _body(lambda body: b"<div>" * _DEEP)),
    Broken("bomb", _bomb),
    Broken("flipped bytes", _flipped, keeps_all=False),
)
