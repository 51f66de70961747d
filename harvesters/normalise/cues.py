"""What a text must hold for a pattern to match: words anywhere, or certain letters at the beginning of a word.

Looking that up is far cheaper than trying the pattern everywhere. It is derived from the pattern itself, so that
nothing has to be kept in step by hand.
"""

from collections.abc import Iterator
from typing import Final

_SHORTEST: Final = 2
_MOST: Final = 64
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
            if words and min(map(len, words)) >= _SHORTEST and len(words) <= _MOST:
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
    """The first one or two letters of the words at whose beginning ``pattern`` can match; empty where it may match
    elsewhere.

    >>> sorted(anchors_of(r"\\b(?:ab|bis zu) \\d")), anchors_of(r"ab \\d")
    (['ab', 'bi'], frozenset())
    """
    found: set[str] = set()
    for alternative in split_alternatives(pattern):
        bare = _behind_boundary(alternative)
        if bare is None:
            return frozenset()
        found |= prefixes(bare)
    return frozenset(found) if "" not in found else frozenset()


def _behind_boundary(alternative: str) -> str | None:
    """The rest behind a boundary of words ("\\b", or nothing like a letter before); ``None`` where there is none."""
    if alternative.startswith(r"\b"):
        rest = alternative[2:]
        return rest[closing(rest, 0) + 1 :] if rest.startswith(("(?<!", "(?<=")) else rest
    if alternative.startswith(r"(?<![\w"):
        return alternative[closing(alternative, 0) + 1 :]
    return None


def prefixes(pattern: str) -> set[str]:
    """The first two letters (one, where the second is not certain; "" where none is) of what one alternative can match.

    >>> sorted(prefixes(r"(?:im |am )?wald")), sorted(prefixes(r"\\d wald")), prefixes(r".ald")
    (['am', 'im', 'wa'], ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'], {''})
    """
    pattern = pattern.removeprefix(r"\b")
    if pattern.startswith("(") and not pattern.startswith(_ZERO_WIDTH_GROUPS):
        end = closing(pattern, 0)
        inner = pattern[1:end]
        inner = inner.partition(">")[2] if inner.startswith("?P<") else inner.removeprefix("?:")
        optional, _, after = _quantifier(pattern, end + 1)
        rest = pattern[after:]
        found = {p for alternative in split_alternatives(inner) for p in prefixes(alternative + rest)}
        return found | prefixes(rest) if optional else found
    first, second, third = pattern[:1], pattern[1:2], pattern[2:3]
    if pattern.startswith(r"\d"):
        return set("0123456789") if not _quantifier(pattern, 2)[0] else {""}
    if first == "[":
        end = _class_end(pattern, 0)
        letters = pattern[1:end]
        return set(letters) if letters.isalnum() and not _quantifier(pattern, end + 1)[0] else {""}
    if not first.isalnum():
        return {""}
    if second in ("?", "*") or (second == "{" and third == "0"):
        return {first} | prefixes(pattern[2:] if second != "{" else pattern[pattern.find("}") + 1 :])
    return {first + second} if second.isalnum() and third not in ("?", "*", "{") else {first}
