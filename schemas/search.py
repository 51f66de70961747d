"""Search words: the same at index and at query time, and on both databases. Pure."""

import re
import unicodedata
from functools import lru_cache
from threading import Lock
from typing import Final

import Stemmer

from schemas.offer import Offer
from schemas.vocabulary import LANGUAGES

MAX_WORDS: Final = 5_000
"""Words of one offer that are indexed."""

_WORD: Final = re.compile(r"[0-9a-z]+")
_FOLD: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "ø": "oe", "å": "aa"})
_UMLAUT: Final = re.compile(r"(?<![aeq])[aou]e")
_STEMMER: Final = Stemmer.Stemmer("german")
_ONE_AT_A_TIME: Final = Lock()  # a PyStemmer object must not be used by two threads at once


def tokens(text: str) -> list[str]:
    """Search words of ``text`` in order: lower case, umlauts and their spellings made one, Snowball's German stems.

    >>> tokens("Führungen für Kinder")
    ['fuhrung', 'fur', 'kind']
    >>> tokens("FUEHRUNG für Kinder") == tokens("Führungen fuer Kind")
    True
    """
    folded = unicodedata.normalize("NFC", text.lower()).translate(_FOLD)
    plain = unicodedata.normalize("NFKD", folded).encode("ascii", "ignore").decode()
    return [stem(word) for word in _WORD.findall(plain)]


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """The stem of one lower-case ASCII word; ``ae``, ``oe`` and ``ue`` count as umlauts and lose their ``e``."""
    plain = _UMLAUT.sub(lambda m: m[0][0], word[:60])
    with _ONE_AT_A_TIME:
        stemmed: str = _STEMMER.stemWord(plain)
    return stemmed


def title_words(offer: Offer) -> str:
    """Search words of the title, separated by blanks."""
    return " ".join(tokens(offer.title)[:MAX_WORDS])


def other_words(offer: Offer) -> str:
    """Search words of everything else by which people look for an offer."""
    place, provider = offer.place, offer.provider
    labels = (code.label for code in (offer.kind, *offer.areas, *offer.topics, *offer.modes))
    parts = (
        offer.summary,
        offer.description,
        provider and provider.name,
        place and place.name,
        place and place.locality,
        place and place.postcode,
        *labels,
        *(LANGUAGES.get(code) for code in offer.languages),
    )
    return " ".join(tokens("\n".join(part for part in parts if part))[:MAX_WORDS])
