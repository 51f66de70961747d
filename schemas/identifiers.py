"""How stable ids are made. An id is minted once, at first sight, and kept in the membership table (law 5)."""

import base64
import hashlib
import re
import unicodedata

_SAFE_NAME = re.compile(r"[a-z0-9]+(?:_[a-z0-9]+)*")

_FOLD = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "&": " und ", "+": " und "})
_LEGAL_FORM = re.compile(
    r"\b(?:e ?v|g?gmbh(?: und co kg)?|g?ug(?: haftungsbeschraenkt)?|kg|ag|eg|gbr|ohg|a ?d ?o ?e ?r|k ?d ?o ?e ?r)$"
)
_NO_WORD = re.compile(r"[^a-z0-9]+")


def offer_id(source: str, key: str, part: int = 0) -> str:
    """The id minted for an offer first seen as part ``part`` of ``key`` in ``source``.

    Opaque, 16 characters, the same on every machine, so that a replay on an empty database mints the same ids.
    Once minted it is looked up, never computed again: a source that changes its keys does not change ids.

    >>> offer_id("be_beispielmuseum", "https://museum.example/kita/7")
    'o3bgfubq6wuwmss6'
    """
    return "o" + digest(source, key, str(part))[:15]


def digest(*parts: str) -> str:
    """A lower-case base32 SHA-256 over ``parts``, unambiguous about where one part ends and the next begins."""
    joined = b"".join(len(raw := part.encode()).to_bytes(8, "big") + raw for part in parts)
    return base64.b32encode(hashlib.sha256(joined).digest()).decode().rstrip("=").lower()


def is_safe_name(name: str) -> bool:
    """Whether ``name`` may name a source, a Kita or a Region file: lower-case snake_case, at most 80 characters.

    >>> is_safe_name("mv_greifswald_kulturkalender"), is_safe_name("../etc/passwd")
    (True, False)
    """
    return len(name) <= 80 and _SAFE_NAME.fullmatch(name) is not None


def provider_key(name: str) -> str:
    """What stands for a provider's name in addresses (``/anbieter/…``): the same for every spelling of one name.

    Case, umlauts and their spellings, punctuation, blanks and a legal form at the end make no difference. At most 80
    characters; it is in addresses that others keep, so what it makes of a name never changes.

    >>> provider_key("Förderverein Naturpark e. V."), provider_key("FOERDERVEREIN  Naturpark")
    ('foerderverein-naturpark', 'foerderverein-naturpark')
    >>> provider_key("Theater & Mehr gGmbH")
    'theater-und-mehr'
    """
    folded = unicodedata.normalize("NFC", name).casefold().translate(_FOLD)
    letters = unicodedata.normalize("NFKD", folded)
    ascii_only = letters.encode("ascii", "ignore").decode()
    words = " ".join(_NO_WORD.sub(" ", ascii_only).split())
    plain = _LEGAL_FORM.sub("", words).strip() or words
    key = plain.replace(" ", "-")
    lost = any(letter.isalnum() and not letter.isascii() for letter in letters)
    if lost or not key or len(key) > 80:  # letters that are not Latin, or more than fits: a digest keeps names apart
        return f"{key[:70].strip('-')}-{digest(folded)[:8]}".strip("-")
    return key
