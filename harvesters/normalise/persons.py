"""Persons who are named as contacts: found, and left out of what may be shown (law 8).

A name counts only where it is surely a contact's: "Frau", "Herr", "Familie" or a common given name that booking words
lead to ("Anmeldung bei Frau …", "Ansprechpartner: …") or that a number or address follows. Names of artists and
figures in ordinary prose stay. A landline beside such a name or beside a private address is taken for the person's.
"""

import re
from dataclasses import dataclass, field
from typing import Final

from harvesters.normalise.evidence import Found
from harvesters.normalise.text import Prose

MAIL: Final = re.compile(r"(?<![\w.+-])([\w.+-]{1,64})@((?:[a-z0-9-]{1,63}\.){1,5}[a-z]{2,24})(?![\w@-])", re.I)
_PHONE: Final = re.compile(
    r"(?<![\d/.-])(?:\+49[\s(]{0,2}(?:0\)\s?)?|"
    r"0)\d{2,5}[\s)/-]{0,3}\d(?:[\s/-]?\d){3,10}(?![\d.,]*\d|\s?€)"
)
_MOBILE: Final = re.compile(r"^(?:\+49\D{0,3}(?:0\)\s?)?|0)1[567]")


def _words(lines: str) -> frozenset[str]:
    return frozenset(lines.split())


_OFFICE: Final = _words(
    """
    info kontakt contact mail post office buero büro verwaltung sekretariat service anmeldung buchung buchungen
    booking fuehrung fuehrungen führungen museum museumspaedagogik paedagogik bildung vermittlung kasse
    besucherservice besucher ticket tickets karten kita kitas kinder schule schulen theater bibliothek buecherei
    bücherei stadtbibliothek presse redaktion team hallo moin willkommen veranstaltung veranstaltungen events
    event programm umweltbildung naturpark forstamt forst feuerwehr wehr verein vorstand geschaeftsstelle gs
    jugend jugendfeuerwehr projekt projekte kurse kurs vhs musikschule reservierung rezeption tourismus tourist
    touristinfo gemeinde amt stadt rathaus hof bauernhof garten atelier werkstatt zentrale empfang lernort
    waldpaedagogik gruppen gruppe angebote angebot praevention polizei zahngesundheit planetarium sternwarte kino
    zoo tierpark
    """
)
_PRIVATE_HOSTS: Final = _words(
    """
    gmx.de gmx.net web.de gmail.com googlemail.com t-online.de outlook.com outlook.de hotmail.com hotmail.de
    yahoo.de yahoo.com freenet.de icloud.com posteo.de mailbox.org arcor.de online.de aol.com live.de me.com
    """
)
_NAME_PARTS: Final = re.compile(r"[a-zäöüß]{1,20}[._-][a-zäöüß]{2,30}(?:\d{1,4})?")
_GIVEN: Final = _words(
    """
    Achim Albert Alexander Alexandra Alfred Amelie Andrea Andreas Angela Angelika Anja Anke Ann Anna Anne Annegret
    Annett Annette Anni Antje Anton Arne Astrid Axel Barbara Beate Ben Benjamin Bernd Bernhard Bettina Birgit Birte
    Björn Brigitte Britta Carla Carola Carolin Carsten Charlotte Christa Christian Christiane Christin Christina
    Christine Christoph Clara Claudia Cornelia Daniel Daniela David Dennis Detlef Diana Dieter Dietmar Dirk Doreen
    Doris Dörte Eckhard Elena Elisabeth Elke Emma Erik Erika Ernst Eva Fabian Felix Florian Frank Franz Franziska
    Friederike Fritz Gabi Gabriele Georg Gerd Gerhard Gisela Grit Gudrun Gunnar Günter Günther Hanna Hannah Hannes
    Hans Harald Hartmut Heidi Heike Heiko Heiner Heinz Helga Helmut Henning Henrik Herbert Hermann Holger Horst Ilka
    Ilona Ina Ines Inga Inge Ingeborg Ingo Ingrid Irene Iris Jan Jana Janina Jens Jessica Joachim Jochen Johanna
    Johannes Jonas Jörg Jörn Josef Judith Julia Juliane Jürgen Jutta Kai Karen Karin Karina Karl Karla Karsten
    Katharina Kathrin Katja Katrin Kerstin Kirsten Klaus Konstanze Kristin Kristina Lars Laura Lea Lena Leonie Linda
    Lisa Lothar Luisa Lukas Lutz Maik Maike Manfred Manuela Marcel Marco Marcus Maren Margit Margret Maria Marianne
    Marie Mario Marion Markus Marlies Martin Martina Mathias Matthias Max Maximilian Meike Melanie Merle Michael
    Michaela Mike Mirko Monika Nadine Nadja Nicole Nils Nina Norbert Olaf Ole Oliver Patricia Patrick Paul Paula
    Peggy Peter Petra Philipp Rainer Ralf Ramona Regina Reinhard Renate Rene René Rico Rita Robert Roland Rolf
    Ronald Ronny Rosemarie Rüdiger Sabine Sabrina Sandra Sara Sarah Sebastian Silke Silvia Simon Simone Sina Sofia
    Sonja Sophie Stefan Stefanie Steffen Steffi Stephan Stephanie Susann Susanne Susi Sven Svenja Sylvia Tanja
    Thomas Thorsten Tilo Tim Tina Tobias Tom Torben Torsten Udo Ulf Uli Ulrich Ulrike Ursula Uta Ute Uwe Vera Verena
    Viola Volker Waltraud Werner Wiebke Wilfried Wolfgang Yvonne
    """
)
"""Common German given names: alone they prove nothing, with booking words before them they do."""
_FIGURES: Final = frozenset(["Holle", "Elster", "Pan"])
"""Surnames that are a figure's much more often than a person's."""
_ONE: Final = r"[A-ZÄÖÜ][a-zß-öø-ÿćčěłńřśšž]{1,25}(?:-[A-ZÄÖÜ][a-zß-öø-ÿćčěłńřśšž]{1,25})?"
_NAME: Final = re.compile(
    rf"\b(?P<address>(?:Frau|Herrn?|Fr\.|Hr\.|Familie|Fam\.)\s)?(?:(?:Dr|Prof|Mag|med|phil|rer|nat)\.\s?){{0,4}}"
    rf"(?:(?:von|van|vom|de)\s(?:de[rn]\s)?)?(?P<first>{_ONE})(?P<second>\s(?:(?:von|van|de|zu)\s)?(?:{_ONE}|[A-ZÄÖÜ]\.))?(?P<third>\s{_ONE})?(?![\w@-])"
)
_CANDIDATE: Final = re.compile(
    r"\b(?:Frau|Herrn?|Familie)\s|\b(?:Fr|Hr|Fam)\.\s|[Aa]nsprechp|[Kk]ontaktperson|\b(?:bei|an|über|mit|durch)\s|:\s"
)
_NO_NAME: Final = re.compile(
    r"(?:tel|mobil|handy|fon|fax|e-?mail|mail|anmeld|kontakt|info|uhr\b|mo[nm]tag|dienstag|mittwoch|donnerstag|freitag|"
    r"samstag|sonntag|bitte|wir\b|sie\b|ihre?\b|für\b|unter\b|per\b|oder\b|und\b|der\b|die\b|das\b|kosten|preis|dauer|alter\b|"
    r"treffpunkt|ort\b|termin|gruppe|kinder|frau\b|herr|familie|ansprech|eintritt|montag|leitung|in\b|im\b|am\b|ab\b|zum\b|zur\b)",
    re.I,
)
_HOUSE: Final = re.compile(
    r"museum|bibliothek|bücherei|forst|amt\b|verein|haus\b|häus|hof\b|feuerwehr|stadt|gemeinde|kirche|zentrum|schule|kita|"
    r"theater|team|büro|gruppe|verwaltung|touris|park\b|werk|stiftung|verband|gmbh|e\.v|garten|hort\b|krippe|kloster|schloss|burg\b|"
    r"bühne|station|kreis|land\b|universität|klinik|polizei|bund\b|jugend|akademie|galerie|laden|straße|strasse|str\b|weg\b|"
    r"platz|allee|turm|club|klub|mühle|imkerei|töpferei|gärtnerei|bäckerei|meierei|service|kasse|zoo|archiv|denkmal|insel|"
    r"projekt|abteilung|fach|dienst(?!ag)|rat\b|presse|redaktion|sekretariat|zentrale|rezeption|empfang|buchhandlung|kurs",
    re.I,
)
_LEADS: Final = re.compile(
    r"(?:ansprechpartner[*:_]?\w{0,5}|ansprechperson\w{0,2}|kontaktperson\w{0,2})"
    r"(?:\s?[:–(-]|\s(?:ist|sind)|\s(?:vor ort|bei uns|für \w{3,20})[: ]?(?:ist)?)?\s{0,3}$|"
    r"\b(?:kontakt|anmeldung(?:en)?|buchung(?:en)?|infos?|information(?:en)?|auskunft|auskünfte|rückfragen|reservierung(?:en)?|"
    r"tel\.?|telefon|mobil|verantwortlich)\s?[:–(-]\s{0,3}$",
    re.I,
)
_ROLE: Final = re.compile(
    r"(?:ansprechpartner[*:_]?\w{0,5}|ansprechperson\w{0,2}|kontaktperson\w{0,2})\W{0,3}(?:ist |sind )?$", re.I
)
_OTHER_DESK: Final = re.compile(
    r"zentrale|sekretariat|büro|kasse|infotelefon|verwaltung|rezeption|empfang|rathaus|museum|service|forstamt|bibliothek|"
    r"touris|geschäftsstelle|hotline|feuerwache",
    re.I,
)
_PUNCTUATION: Final = re.compile(r"[ ,;:()/–-]{1,4}")
_AND: Final = re.compile(r"(?:\s|,|/)*(?:(?:und|oder)\s)?")
_AT: Final = re.compile(
    r"(?<!\w)(?:bei|an|über|unter|durch)\s(?:(?:unser\w{0,2}|der|dem|die|den)\s)?(?:\w{3,30}\s)?(?:und\s)?$", re.I
)
_WITH: Final = re.compile(
    r"(?:vereinbar|absprach|absprech|abstimm|abgestimmt|rücksprache|kontakt|verbindung)[^\n]{0,60}(?<!\w)mit\s"
    r"(?:(?:unser\w{0,2}|der|dem|den)\s)?(?:\w{3,30}\s)?$|(?:absprache|vereinbarung|rücksprache|kontakt)\smit\s$",
    re.I,
)
_BOOKING: Final = re.compile(
    r"anmeld|abmeld|meld\w{1,3}\b|buch(?:en|ung|bar|t)\b|anfrag|nachfrag|\bfragen\b|reservier|kontakt|telefon|\banruf|anzurufen|"
    r"auskunft|auskünfte|rückfrag|wende[nt]|vereinbar|absprach|absprech|abstimm|informier|information|infos\b|e-?mail|\btel\b",
    re.I,
)
_THEN: Final = re.compile(
    r"^[^.!?\n]{0,40}(?:nimmt\b|nehmen\b|beantwortet|vereinbart|erreich|hilft\b|zuständig|ihre[rn]?\s\w{0,12}"
    r"(?:anruf|anfrage|anmeldung|nachricht))",
    re.I,
)
_LABELS: Final = re.compile(
    r"tel(?:efon)?(?:nummer)?\b|fon\b|mobil(?:nummer|telefon)?\b|handy(?:nummer)?\b|fax\b|e-?mail(?:-adresse)?\b|mail\b|oder\b|"
    r"und\b|unter\b|per\b|der\b|nummer\b|rufnummer\b|[\W_]",
    re.I,
)
_SENTENCE: Final = re.compile(r"[.!?]\s+(?=[A-ZÄÖÜ][a-zäöüß]{2})")
_NAME_OUT: Final = "[Name entfernt]"
_PHONE_OUT: Final = "[Telefonnummer entfernt]"
_MAIL_OUT: Final = "[E-Mail-Adresse entfernt]"
_PERSON, _PRIVATE, _MAILBOX, _CELL, _LINE = range(5)


@dataclass
class ContactReading:
    """Contacts of an organisation that a text publishes, and those of persons that were left out."""

    phone: Found[str] | None = None
    mail: Found[str] | None = None
    personal_phone: Found[str] | None = None
    """A landline that stands with a person: for the desk only."""
    dropped: list[str] = field(default_factory=list)
    """Everything of persons that was left out of the text."""

    def add(self, other: "ContactReading") -> None:
        """Fill what is missing from ``other``, and take over what it left out."""
        self.phone, self.mail = self.phone or other.phone, self.mail or other.mail
        self.personal_phone = self.personal_phone or other.personal_phone
        self.dropped += other.dropped


@dataclass
class _Mark:
    """A name, address or number, and whether it is a person's."""

    start: int
    end: int
    kind: int
    words: str
    personal: bool = False


def is_personal_mail(address: str) -> bool:
    """Whether an address looks like a person's: a name before the @, or a private mail service.

    >>> is_personal_mail("erika.mustermann@verein.example"), is_personal_mail("anmeldung@museum.example")
    (True, False)
    """
    local, _, host = address.lower().partition("@")
    words = re.split(r"[._+-]", local)
    if any(word.rstrip("0123456789") in _OFFICE for word in words):
        return False
    if host in _PRIVATE_HOSTS:
        return True
    return _NAME_PARTS.fullmatch(local) is not None and not any(len(word) > 2 and word in host for word in words)


def without_persons(text: str, *, names: bool = True, is_contact: bool = False) -> tuple[str, ContactReading]:
    """``text`` without names (unless ``names`` is off), numbers and addresses of persons, and the contacts in it.

    With ``is_contact`` the whole text is known to name contacts, so that "Frau …" needs no words around it.

    >>> without_persons("Anmeldung bei Frau Muster, Tel. 0431 123456, oder info@museum.example")[0]
    'Anmeldung bei [Name entfernt], Tel. [Telefonnummer entfernt], oder info@museum.example'
    """
    marks = _numbers_and_addresses(text)
    if names and (is_contact or _CANDIDATE.search(text)):
        marks = sorted([*_persons(text, marks, is_contact), *marks], key=lambda mark: mark.start)
    _spread(text, marks)
    reading = ContactReading()
    parts: list[str] = []
    end = 0
    for mark in marks:
        if mark.personal:
            parts += text[end : mark.start], (_NAME_OUT, _MAIL_OUT, _MAIL_OUT, _PHONE_OUT, _PHONE_OUT)[mark.kind]
            end = mark.end
            reading.dropped.append(mark.words)
        span = (mark.start, mark.end)
        if mark.kind == _LINE and mark.personal:
            reading.personal_phone = reading.personal_phone or Found(
                mark.words, mark.words, "booking.person", 0.8, span
            )
        elif mark.kind == _LINE:
            reading.phone = reading.phone or Found(mark.words, mark.words, "booking.phone", 0.85, span)
        elif mark.kind == _MAILBOX and not mark.personal:
            reading.mail = reading.mail or Found(mark.words, mark.words, "booking.mail", 0.9, span)
    return "".join((*parts, text[end:])) if parts else text, reading


def _numbers_and_addresses(text: str) -> list[_Mark]:
    marks: list[_Mark] = []
    if "@" in text:
        for match in MAIL.finditer(text):
            personal = is_personal_mail(match[0])
            marks.append(_Mark(match.start(), match.end(), _PRIVATE if personal else _MAILBOX, match[0], personal))
    for match in _PHONE.finditer(text):
        number = match[0].strip()
        if 7 <= sum(char.isdigit() for char in number) <= 15:
            mobile = _MOBILE.match(number) is not None
            marks.append(_Mark(match.start(), match.end(), _CELL if mobile else _LINE, number, mobile))
    return sorted(marks, key=lambda mark: mark.start)


def _persons(text: str, marks: list[_Mark], is_contact: bool) -> list[_Mark]:
    """Names of persons in ``text`` who are surely named as contacts."""
    page = Prose(text)
    found: list[_Mark] = []
    by_role = "nsprech" in text or "ontaktperson" in text
    by_mail = any(mark.kind in (_PRIVATE, _MAILBOX) for mark in marks)
    upcoming = iter(marks)
    previous: _Mark | None = None
    following = next(upcoming, None)
    position = 0
    while (match := _NAME.search(text, position)) is not None:
        position = match.end("first") if match["address"] is None else match.end()
        while following is not None and following.start < match.end():
            previous, following = following, next(upcoming, None)
        sure = match["address"] is not None or match["first"].partition("-")[0] in _GIVEN
        if not sure and not (by_role or by_mail):
            continue
        end = _end_of_name(match)
        if end is None:
            continue
        joined = following is not None and following.start - end <= 60 and _is_joint(text[end : following.start])
        mail = following.words if joined and following is not None and following.kind in (_PRIVATE, _MAILBOX) else ""
        joined = joined or (
            previous is not None and _PUNCTUATION.fullmatch(text, previous.end, match.start()) is not None
        )
        if match["address"] is None and end == match.end("first"):
            joined = False  # a given name alone may be a place's ("03361 001 Achim")
        listed = bool(found) and _AND.fullmatch(text, found[-1].end, match.start()) is not None
        if (sure or _is_sure(text, match, end, mail)) and (
            is_contact or joined or listed or _is_contact(text, page, match, end)
        ):
            found.append(_Mark(match.start(), end, _PERSON, text[match.start() : end], personal=True))
            position = end
    return found


def _end_of_name(match: re.Match[str]) -> int | None:
    """Where the name ends: further words with a capital are often no part of it."""
    if not _is_name(match["first"]):
        return None
    end = match.end("first")
    for part in ("second", "third"):
        word = match[part]
        if word is None or _NO_NAME.match(word.strip()):
            return end
        if word.strip() in _FIGURES:
            return None
        if _HOUSE.search(word):
            return None if match["address"] is None else end
        end = match.end(part)
        if part == "second" and match["address"] is None:
            return end
    return end


def _is_name(word: str) -> bool:
    return word not in _FIGURES and not _NO_NAME.match(word) and not _HOUSE.search(word)


def _is_sure(text: str, match: re.Match[str], end: int, mail: str) -> bool:
    """Whether two words with capitals, neither of them a given name, are a person's: a role stands before them, or
    the address after them repeats one."""
    if end == match.end("first"):
        return False
    local = _folded(mail.partition("@")[0])
    words = match["first"], (match["second"] or "").strip()
    return (
        any(len(word) > 2 and _folded(word) in local for word in words)
        or _ROLE.search(text, max(0, match.start() - 40), match.start()) is not None
    )


def _is_contact(text: str, page: Prose, match: re.Match[str], end: int) -> bool:
    """Whether the words around a name say that it is whom to ask."""
    start = match.start()
    before = text[max(0, start - 90) : start]
    if _LEADS.search(before) or _WITH.search(before):
        return True
    begin, stop = page.around(start)
    if _THEN.match(text[end:stop]):
        return True
    asked = stop if match["address"] is not None else start
    return _AT.search(before) is not None and _BOOKING.search(text, begin, asked) is not None


def _spread(text: str, marks: list[_Mark]) -> None:
    """Mark numbers and addresses that stand with a person as personal."""
    folded = [_folded(word) for mark in marks if mark.kind == _PERSON for word in re.findall(r"\w{3,}", mark.words)]
    for mark in marks:
        if mark.kind == _MAILBOX and folded and not _is_office(mark.words):
            local = _folded(mark.words.partition("@")[0])
            mark.personal = any(word in local for word in folded)
    with_person = False
    previous: _Mark | None = None
    for mark in marks:
        with_person = with_person and previous is not None and _is_beside(text[previous.end : mark.start])
        if mark.kind == _LINE and with_person:
            mark.personal = True
        with_person = with_person or mark.kind == _PERSON or (mark.personal and mark.kind in (_PRIVATE, _MAILBOX))
        previous = mark
    following: _Mark | None = None
    for mark in reversed(marks):
        if mark.kind == _LINE and following is not None and not mark.personal:
            gap = text[mark.end : following.start]
            private = following.personal and following.kind in (_PRIVATE, _MAILBOX)
            mark.personal = (private and _is_beside(gap)) or (
                following.kind == _PERSON and _PUNCTUATION.fullmatch(gap) is not None
            )
        following = mark


def _is_office(address: str) -> bool:
    return any(word in _OFFICE for word in re.split(r"[._+-]", address.lower().partition("@")[0]))


def _is_joint(gap: str) -> bool:
    """Whether nothing but labels and punctuation stands between two marks."""
    return _LABELS.sub("", gap) == ""


def _is_beside(gap: str) -> bool:
    """Whether two marks belong together: on one line and in one sentence, with no house named between them."""
    if len(gap) <= 60 and _is_joint(gap):
        return True
    return len(gap) <= 100 and "\n" not in gap and not _SENTENCE.search(gap) and not _OTHER_DESK.search(gap)


def _folded(word: str) -> str:
    return word.casefold().replace("ä", "ae").replace("ö", "oe").replace("ü", "ue").replace("ß", "ss")
