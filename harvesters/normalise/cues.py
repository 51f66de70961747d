"""What a text must hold for a pattern to match: words anywhere, or certain letters at the beginning of a word.

Looking that up is far cheaper than trying the pattern everywhere. It is derived from the pattern itself, so that
nothing has to be kept in step by hand.
"""

from collections.abc import Iterator
from functools import cache
from typing import Final

_SHORTEST: Final = 2
_MOST: Final = 64
_LETTERS: Final = 5
_MOST_BEGINNINGS: Final = 400
_ZERO_WIDTH: Final = ("?=", "?!", "?<=", "?<!")
_ZERO_WIDTH_GROUPS: Final = tuple(f"({mark}" for mark in _ZERO_WIDTH)


def cues_of(pattern: str) -> frozenset[str]:
    """Words one of which stands in every text that ``pattern`` matches; empty where that is not certain.

    Understands what this package writes: alternatives, groups, classes, quantifiers; not flags within a pattern.

    >>> sorted(cues_of(r"\\b(?:ab|bis) (?:dem )?vorschulalter|hort(?:e|s)?"))
    ['hort', 'vorschulalter']
    >>> cues_of(r"\\d{1,2} ?uhr|[a-z]+")
    frozenset()
    """
    found: set[str] = set()
    for alternative in split_alternatives(pattern):
        best: tuple[float, frozenset[str]] | None = None
        for words in _needed(alternative):
            if words and all(len(word) >= _SHORTEST or word == "€" for word in words) and len(words) <= _MOST:
                score = min(map(len, words)) - len(words) / 4
                if best is None or score > best[0]:
                    best = score, words
        if best is None:
            return frozenset()
        found |= best[1]
    least = frozenset(word for word in found if not any(other in word for other in found - {word}))
    return least if len(least) <= _MOST else frozenset()


def _needed(alternative: str) -> Iterator[frozenset[str]]:
    """For each part of one alternative that must be there: the words one of which it holds."""
    run = ""
    i = 0
    while i < len(alternative):
        char, literal, end, inner = alternative[i], "", i + 1, None
        if char == "\\":
            escaped = alternative[i + 1]
            end = i + (6 if escaped == "u" else 4 if escaped == "x" else 2)
            literal = "" if escaped.isalnum() else escaped
        elif char == "[":
            end = _class_end(alternative, i) + 1
        elif char == "(":
            end = closing(alternative, i) + 1
            inner = alternative[i + 1 : end - 1]
        elif char not in ".^$":
            literal = char
        optional, repeated, after = _quantifier(alternative, end)
        if literal and not optional:
            run += literal
        if not literal or optional or repeated:
            yield frozenset((run,)) if run.strip() else frozenset()
            run = ""
        if inner is not None and not optional and not inner.startswith(_ZERO_WIDTH):
            yield cues_of(inner.partition(">")[2] if inner.startswith("?P<") else inner.removeprefix("?:"))
        i = after
    yield frozenset((run,)) if run.strip() else frozenset()


def _quantifier(pattern: str, i: int) -> tuple[bool, bool, int]:
    """Whether what stands before ``i`` may be missing, whether it may come more than once, and where it ends."""
    mark = pattern[i : i + 1]
    if mark in ("?", "*", "+"):
        after = i + 1
        optional = mark != "+"
    elif mark == "{":
        after = pattern.index("}", i) + 1
        optional = pattern[i + 1] in "0,"
    else:
        return False, False, i
    return optional, True, after + (pattern[after : after + 1] in ("?", "+"))


def _class_end(pattern: str, i: int) -> int:
    """Where the class that begins at ``i`` ends."""
    i += 2 if pattern[i + 1] in "]^" else 1
    while pattern[i] != "]":
        i += 2 if pattern[i] == "\\" else 1
    return i


def split_alternatives(pattern: str) -> list[str]:
    """The alternatives of a pattern that are parted by "|" outside of brackets.

    >>> split_alternatives(r"wald|(?:a|b)c|[|]")
    ['wald', '(?:a|b)c', '[|]']
    """
    parts, start, i = [], 0, 0
    while i < len(pattern):
        char = pattern[i]
        if char == "\\":
            i += 1
        elif char == "[":
            i = _class_end(pattern, i)
        elif char == "(":
            i = closing(pattern, i)
        elif char == "|":
            parts.append(pattern[start:i])
            start = i + 1
        i += 1
    return [*parts, pattern[start:]]


def closing(pattern: str, i: int) -> int:
    """Where the bracket that opens at ``i`` is closed."""
    depth = 0
    while True:
        char = pattern[i]
        if char == "\\":
            i += 1
        elif char == "[":
            i = _class_end(pattern, i)
        elif char == "(":
            depth += 1
        elif char == ")":
            depth -= 1
            if depth == 0:
                return i
        i += 1


def anchors_of(pattern: str) -> frozenset[str]:
    """The first letters of the words at whose beginning ``pattern`` can match; empty where it may match elsewhere.

    >>> sorted(anchors_of(r"\\b(?:ab|bis zu) \\d")), anchors_of(r"ab \\d")
    (['ab', 'bis'], frozenset())
    """
    found: set[str] = set()
    for alternative in split_alternatives(pattern):
        bare = _behind_boundary(alternative)
        if bare is None:
            return frozenset()
        found |= prefixes(bare)
    return shortest(found) if "" not in found else frozenset()


def shortest(words: set[str]) -> frozenset[str]:
    """``words`` without those that begin with another of them."""
    return frozenset(word for word in words if not any(word[:n] in words for n in range(len(word))))


def _behind_boundary(alternative: str) -> str | None:
    """The rest behind a boundary of words ("\\b", or nothing like a letter before); ``None`` where there is none."""
    if alternative.startswith(r"\b"):
        rest = alternative[2:]
        return rest[closing(rest, 0) + 1 :] if rest.startswith(("(?<!", "(?<=")) else rest
    if alternative.startswith(r"(?<![\w"):
        return alternative[closing(alternative, 0) + 1 :]
    return None


def prefixes(pattern: str) -> frozenset[str]:
    """The first letters (up to ``_LETTERS``, as far as they are certain; "" where none is) of what one alternative can
    match.

    >>> sorted(prefixes(r"(?:im |am )?wald")), sorted(prefixes(r"[12]b? wald")), sorted(prefixes(r".ald"))
    (['am', 'im', 'wald'], ['1', '1b', '2', '2b'], [''])
    """
    pattern = pattern.removeprefix(r"\b")
    for letters in (_LETTERS, 2, 1):
        found = _beginnings(pattern, letters)
        if len(found) <= _MOST_BEGINNINGS:
            return found
    return frozenset([""])


@cache
def _beginnings(pattern: str, letters: int) -> frozenset[str]:
    if not letters or not pattern:
        return frozenset([""])
    if pattern[0] == "(":
        return _of_group(pattern, letters)
    if pattern.startswith(r"\d"):
        end, first = 2, frozenset("0123456789")
    elif pattern[0] == "[":
        end = _class_end(pattern, 0) + 1
        first = frozenset(pattern[1 : end - 1]) if pattern[1 : end - 1].isalnum() else frozenset()
    else:
        end, first = 1, frozenset(pattern[0]) if pattern[0].isalnum() else frozenset()
    if not first:
        return frozenset([""])
    optional, repeated, after = _quantifier(pattern, end)
    rest = frozenset([""]) if repeated and pattern[end] != "?" else _beginnings(pattern[after:], letters - 1)
    found = frozenset(one + more for one in first for more in rest)
    return found | _beginnings(pattern[after:], letters) if optional else found


def _of_group(pattern: str, letters: int) -> frozenset[str]:
    if pattern.startswith(_ZERO_WIDTH_GROUPS):
        return frozenset([""])
    end = closing(pattern, 0)
    inner = pattern[1:end]
    inner = inner.partition(">")[2] if inner.startswith("?P<") else inner.removeprefix("?:")
    optional, repeated, after = _quantifier(pattern, end + 1)
    rest = pattern[after:]
    follows = "" if repeated and pattern[end + 1] != "?" else rest
    found: set[str] = set()
    for alternative in split_alternatives(inner):
        found |= _beginnings(alternative + follows, letters)
        if len(found) > _MOST_BEGINNINGS:
            break
    return frozenset(found) | _beginnings(rest, letters) if optional else frozenset(found)


def first_letters(pattern: str) -> frozenset[str]:
    """The characters with which every match of ``pattern`` begins; empty where they are not certain.

    >>> sorted(first_letters(r"\\bkonzert|(?<!x)(?:am )?[12]|€")), first_letters(r"a|\\w")
    (['1', '2', 'a', 'k', '€'], frozenset())
    """
    found: set[str] = set()
    for alternative in split_alternatives(pattern):
        first = _first(alternative)
        if not first:
            return frozenset()
        found |= first
    return frozenset(found)


def _first(alternative: str) -> frozenset[str]:
    """Those of one alternative; empty where they are not certain."""
    while alternative.startswith((r"\b", *_ZERO_WIDTH_GROUPS)):
        alternative = alternative[2 if alternative[0] == "\\" else closing(alternative, 0) + 1 :]
    char, end = alternative[:1], 1
    if char == "(":
        end = closing(alternative, 0) + 1
        inner = alternative[1 : end - 1]
        first = first_letters(inner.partition(">")[2] if inner.startswith("?P<") else inner.removeprefix("?:"))
    elif char == "[":
        end = _class_end(alternative, 0) + 1
        inner = alternative[1 : end - 1]
        first = frozenset() if inner[0] == "^" or set(inner) & {"-", "\\"} else frozenset(inner)
    elif char == "\\":
        end, escaped = 2, alternative[1]
        first = frozenset("0123456789" if escaped == "d" else "" if escaped.isalnum() else escaped)
    else:
        first = frozenset(char) if char not in (".", "^", "$", "") else frozenset()
    optional, _, after = _quantifier(alternative, end)
    if not first or not optional:
        return first
    rest = _first(alternative[after:])
    return first | rest if rest else frozenset()
