"""Where an offer takes place (at the provider, in the Kita, outdoors, online), what kind it is, weather, state,
funding."""

import re
from typing import Final

from harvesters.normalise.evidence import MAX_EVIDENCE, Found
from harvesters.normalise.tables import Table, find_all, table
from harvesters.normalise.text import Prose, all_matches, prose, search
from schemas.vocabulary import Funding, Kind, Mode

IN_KITA: Final[tuple[tuple[Mode, float, str], ...]] = (
    (
        Mode.IN_KITA,
        0.92,
        r"(?:in|zu|bei|an|auf) (?:ihrer|ihre|ihren|ihrem|eure|eurer|euren|eurem|ihr|"
        r"euer) (?:\w{1,14} )?(?:kita|kitas|kindergarten|einrichtung|krippe|räumen|haus|hort|"
        r"gruppenraum|turnraum|turnhalle|garten|außengelände|gelände|gruppe|schule|(?:schul|kita-?)?hof|flur|saal|"
        r"bewegungsraum|mehrzweckraum)\b",
    ),
    (
        Mode.IN_KITA,
        0.9,
        r"(?:komm(?:t|en)|besuch(?:t|en)|fahren|bringen|rollt|tourt|spielen|geht|gehen) (?:\w{1,16} ){0,8}"
        r"(?:in|zu|durch|an) "
        r"(?:ihnen|euch|kitas|kindergärten|einrichtungen|kindertagesstätten|schulen|(?:die|den|der|eine|jede|alle) "
        r"(?:kita|kitas|kindergärten|kindergarten|einrichtung\w{0,2}|gruppe|gruppen|krippen?|hort\w?|"
        r"schule|schulen))\b|"
        r"besuch(?:t|en) (?:\w{1,14} ){0,3}(?:kitas|kindergärten|einrichtungen|kindertagesstätten|ihre gruppe)\b",
    ),
    (
        Mode.IN_KITA,
        0.9,
        r"(?:bei|zu) (?:ihnen|euch)(?: vor ort| im (?:kindergarten|haus)| in der kita)?\b|"
        r"vor ort in der (?:kita|einrichtung)|direkt in (?:die|der) (?:kita|einrichtung)",
    ),
    (
        Mode.IN_KITA,
        0.85,
        r"(?:in|durch) (?:die |den )?(?:kitas|kindergärten|kindertagesstätten|einrichtungen)\b|"
        r"in der (?:kita|einrichtung)\b(?! [\"„])|im kindergarten\b(?! [\"„])|auch in die kita",
    ),
    (
        Mode.IN_KITA,
        0.8,
        r"(?:wir )?sind mobil|mobile[rsn]? \w{3,20}|mobil im|\w{3,12}mobil (?:kommt|rollt|fährt)|"
        r"unterwegs im (?:ganzen )?(?:landkreis|kreis)|im ganzen landkreis unterwegs|anfahrt bis|"
        r"fahrgebiet|einzugsgebiet|wir fahren (?:im|bis|von|in|auch)|im umkreis von|umkreis \d|"
        r"aufbau in|kommt (?:direkt )?(?:in|zu)|angebot für kindereinrichtungen im|ihr außengelände|"
        r"kommen vorbei|kommt vorbei|wir kommen (?:\w{1,14} ){1,6}vorbei|frei haus\b|einsatzgebiet|einsatzradius|"
        r"fahrtkosten|anfahrtskosten|"
        r"anfahrtspauschale|kilometerpauschale",
    ),
)
OUTDOOR: Final[tuple[tuple[Mode, float, str], ...]] = (
    (
        Mode.OUTDOOR,
        0.88,
        r"draußen\b|im freien\b|unter freiem himmel|open[- ]air|outdoor\w{0,8}|außengelände|"
        r"freigelände|waldvormittag\w{0,2}|waldtag\w{0,2}|waldwoche\w{0,2}|waldspaziergang|"
        r"waldführung|waldpädagog\w{0,8}|waldparkplatz|hinaus\b|ins freie",
    ),
    (
        Mode.OUTDOOR,
        0.85,
        r"im (?:\w{4,14})?wald\b|durch den wald|im moor|auf der wiese|am strand|am (?:see|teich|bach|"
        r"fluss|ufer|hafen|deich)\b|im (?:\w{3,14})?garten\b(?! vorhanden)|auf dem (?:\w{3,12})?hof\b|"
        r"im (?:\w{3,14})?park\b|auf (?:dem|das) feld|im watt\b|wattwanderung|strandspaziergang|"
        r"hafenrundgang|naturlehrpfad|lehrpfad\b|erlebnispfad|spurenpfad|pfad\b|streuobstwiese|(?:den|"
        r"zum|an den|am|im|an einem) (?:bach|teich|see|fluss|wald|strand|park|moor)\b|"
        r"freilicht\w{0,16}|freigelände|naturschutzstation|"
        r"imkerei\w{0,3}|bienenkasten|bienenstöcke|ponyhof|reiterhof|alpakahof|milchhof|windpark|"
        r"auf der weide|streichelzoo|"
        r"auf dem acker|obstwiesen?|kräutergarten|schulgarten|wallanlage|burgruine|ruine\b|"
        r"bauspielplatz|kutter\w{0,6}|barfußpfad|"
        r"streifzug|pirsch\w{0,4}|waldschule|waldhaus|wildgehege|wildnis\w{0,10}|bushcraft|hüttenbau|"
        r"naturerlebnis\w{0,12}|"
        r"tümpel\w{0,4}|keschern\w{0,3}|watt\b|düne\w?|strand\b|moor\w{0,10}|\w{3,10}weide\b|"
        r"exkursion\w{0,3}|wanderung\w{0,2}|stadtrundgang|stadtführung|rundgang durch (?:die|den)|"
        r"schatzsuche|geocaching|rallye|kanu\w{0,6}|kletter(?:wald|park)|tierpark|zoo\b|wildpark|"
        r"bauernhof|imkerei|bienenstock|ziegenhof|hochbeet\w{0,2}|beet\w{0,2}\b|schlosspark|"
        r"\w{0,12}ruine\b|laternenumzug|weihnachtsmarkt|adventsmarkt|osterfeuer|lagerfeuer|promenade|"
        r"verkehrsgarten|verkehrsübungsplatz|spielplatz\b|sternwanderung|(?:see|lande)brücke\b|auf dem (?:markt|"
        r"rathaus|dorf|kirch|dom|fest)platz\b|"
        r"freibad\b|freilichtbühne|freiluft\w{0,10}|\w{0,10}stadion\b|strandpark|kurpark|stadtpark|hüpfburg\w{0,2}|"
        r"sternschnuppen\w{0,6}|steinbruch\b|stadttor\w{0,2}|alm\b|weinberg\w{0,2}|skipiste",
    ),
    (
        Mode.OUTDOOR,
        0.8,
        r"matsch(?:hosen?|sachen|kleidung)|gummistiefel|wetterfeste\w? (?:kleidung|sachen)|"
        r"bei jedem wetter|bei (?:regen|sturm|gewitter|eis|schlechtem wetter|unwetter|dauerregen|"
        r"niesel)|wetterabhängig|regenjacke\w?|regenkleidung|sonnenschutz|zeckenschutz|zecken\b|"
        r"feste schuhe|festes schuhwerk|wettergerecht\w{0,3}|dem wetter angepasst\w{0,3}|"
        r"bei trockenheit|nur bei (?:trockenem|gutem|wind)\w{0,8}",
    ),
)
ONLINE: Final[tuple[tuple[Mode, float, str], ...]] = (
    (
        Mode.ONLINE,
        0.92,
        r"online(?!-?(?:anmeld|buch|formular|ticket|shop|reserv|kalender|portal|katalog|unter\b))\b|"
        r"per (?:zoom|video\w{0,10}|livestream)|zoom\b|livestream\w{0,3}|webinar\w{0,2}|"
        r"videokonferenz\w{0,2}|videocall|teilnahmelink|im netz\b|virtuell\w{0,3}",
    ),
)
AT_PROVIDER: Final[tuple[tuple[Mode, float, str], ...]] = (
    (
        Mode.AT_PROVIDER,
        0.85,
        r"bei uns\b|zu uns\b|in unsere[rmn] |unsere? (?:haus|räume|werkstatt|halle|museum|garten|hof|"
        r"atelier|bibliothek|gelände|küche|stall|kino|theater|saal)\w{0,4}|im museum|im haus\b|"
        r"im atelier|auf unsere[mn] |besuch (?:auf|in|bei) (?:der|dem|unser\w{0,3}|uns)|eintritt\b|"
        r"führung durch|durch unsere|kommen sie (?:in|zu uns)|gegenbesuch|besuchen sie uns|"
        r"in der (?:wache|bücherei|bibliothek|sporthalle|turnhalle|schwimmhalle|kirche|werkstatt)|"
        r"haltestelle|parkplätze\b|anreise|aufzug|garderobe|wir öffnen|öffnen wir",
    ),
)
_IN_KITA: Final = table(IN_KITA)
_OUTDOOR: Final = table(OUTDOOR)
_ONLINE: Final = table(ONLINE)
_AT: Final = table(AT_PROVIDER)
_NOT: Final = re.compile(r"(?:\bnicht|\bkein\w{0,2}|\bstatt|\banstatt|falls nicht|ohne)\s(?:\w{1,12}\s){0,2}$")
_DURATION_OUT: Final = re.compile(r"(?:hunde|schuhe|rucksäcke|taschen|kinderwagen)\b[^.;]{0,40}$")

KINDS: Final[tuple[tuple[Kind, float, str], ...]] = (
    (
        Kind.STAFF_TRAINING,
        0.85,
        r"fortbildung\w{0,4}|weiterbildung\w{0,4}|fachtag\w{0,3}|teamtag\w{0,2}|inhouse-\w{4,14}|"
        r"qualifizierung\w{0,3}",
    ),
    (Kind.NETWORK_MEETING, 0.8, r"netzwerktreffen|arbeitskreis\w{0,3}|fachaustausch|runder tisch|austauschtreffen"),
    (
        Kind.LOAN_KIT,
        0.85,
        r"ausleih\w{0,6}|leihkoffer|leihkiste\w?|zum ausleihen|verleih\w{0,4}|medienkiste\w?|"
        r"bücherkiste\w?|leihgebühr|themenkoffer",
    ),
    (
        Kind.DIGITAL_MATERIAL,
        0.75,
        r"zum download|downloadpaket|digitales material|zum herunterladen|arbeitsblätter|videoreihe",
    ),
    (
        Kind.VOLUNTEER,
        0.75,
        r"vorlesepat\w{0,6}|lesepat\w{0,6}|ehrenamtlich\w{0,3} (?:vorles|kommen|besuch)\w{0,6}|"
        r"leih-?(?:oma|opa)s?",
    ),
    (
        Kind.COURSE,
        0.75,
        r"kurs\b|kurse\b|kurseinheit\w{0,2}|\w{3,16}kurs\b|schwimmkurs|wassergewöhnung|"
        r"\d{1,2} (?:einheiten|termine|treffen|kurstage)|mehrteilig\w{0,2}|workshopreihe",
    ),
)
_KINDS: Final = table(KINDS)

_CANCELLED: Final = re.compile(
    r"\babgesagt\b|\bentfällt\b(?! (?:der betrag|die gebühr|für|der eintritt))|\bfällt (?:leider |"
    r"wegen [\w ]{2,30} |krankheitsbedingt )?(?:ersatzlos )?aus\b|"
    r"muss (?:\w{1,14} ){0,6}(?:leider )?ausfallen|findet (?:leider )?nicht statt|\bcancelled\b|"
    r"\babsage\b|ersatzlos gestrichen|leider abgesagt|müssen (?:wir )?(?:\w{1,14} ){0,5}absagen"
)
_CONDITIONAL: Final = re.compile(
    r"\b(?:bei|falls|wenn|sollte|sofern|im fall|bis \d{1,2} tage)\b|storno|absage (?:bis|bitte|"
    r"ist|muss)|dann auch|wetterbedingt kurzfristig|gebühr|leihgebühr|betrag|eintritt entf|"
    r"ersatztermin bei"
)
_SOLD_OUT: Final = re.compile(
    r"\bausgebucht\b|\bausverkauft\b|keine (?:freien )?plätze mehr|"
    r"alle termine (?:sind )?vergeben|warteliste\b|restlos vergeben|kurs ist voll"
)
FUNDING: Final[tuple[tuple[Funding, float, str], ...]] = (
    (
        Funding.BUT,
        0.9,
        r"bildung und teilhabe|bildungs- und teilhabepaket|teilhabepaket|\bbut\b|bildungskarte|"
        r"bildungsgutschein",
    ),
    (
        Funding.LOCAL,
        0.7,
        r"gefördert (?:durch|von|vom|aus)|förderung (?:durch|über|durch den|aus|von)|kulturfonds|"
        r"fördermittel\w{0,2}|zuschuss (?:durch|vom|von|des)|stiftungsmittel\w{0,2}|"
        r"kleinprojektefonds|bezuschusst|fahrtkostenzuschuss|förderverein übernimmt",
    ),
)
_FUNDING: Final = table(FUNDING)
_INDOOR: Final = re.compile(
    r"\b(?:im warmen|in der halle|turnhalle|im saal|im atelier|im museum|auch bei regen|im kino|"
    r"bibliothek|bücherei|indoor\w{0,6}|wetterunabhängig)"
)


def read_modes(text: str | Prose, *, place: str = "", has_venue: bool = False, title_end: int = 0) -> list[Found[Mode]]:
    """Where it can take place. ``place`` are the words of the place, ``has_venue`` whether they name a venue.

    >>> [one.value.value for one in read_modes("Wir kommen in Ihre Kita.")]
    ['in_kita']
    """
    page, spot = prose(text), Prose(place)
    online = _first(page, _ONLINE) or _first(spot, _ONLINE)
    in_kita = _first(page, _IN_KITA) or _first(spot, _IN_KITA) or _kita_as_place(spot)
    at_provider = _first(page, _AT)
    if online and not has_venue and not in_kita:
        return [online]
    found: list[Found[Mode]] = []
    if has_venue:
        found.append(Found(Mode.AT_PROVIDER, place[:MAX_EVIDENCE], "modes.venue", 0.8, (0, 0)))
    elif in_kita is None and at_provider is not None:
        found.append(at_provider)
    if in_kita is not None:
        found.append(in_kita)
    outdoor = _outdoor(page, spot, title_end, only_in_kita=in_kita is not None and not has_venue)
    if outdoor is not None:
        found.append(outdoor)
    if online is not None:
        found.append(online)
    return found


def _outdoor(page: Prose, spot: Prose, title_end: int, *, only_in_kita: bool) -> Found[Mode] | None:
    """Outdoors: a site that lies outside, or several hints; one "draußen" or "bei Regen" alone is none."""
    hints = find_all(page, _OUTDOOR, "modes.outdoor", skip=_NOT)
    outside, sites, clothes = ([one for one in hints if one.confidence == weight] for _, weight, _ in OUTDOOR)
    plain = [one for one in outside if one.evidence.lower() in ("draußen", "hinaus")]
    if only_in_kita:
        sure = (
            [one for one in outside if one not in plain]
            or (plain and clothes)
            or (
                plain
                if plain
                and re.search(
                    r"üben|spielen|graben|gehen|laufen|garten", page.clauses[page.clause_index(plain[0].span[0])]
                )
                else []
            )
        )
        return sure[0] if sure else None
    named = [one for one in find_all(spot, _OUTDOOR, "modes.outdoor") if one.confidence > OUTDOOR[2][1]]
    for one in (*named, *(o for o in outside if o not in plain), *sites):
        return one
    return plain[0] if plain and clothes else None


def _first(page: Prose, phrases: Table[Mode]) -> Found[Mode] | None:
    found = find_all(page, phrases, "modes.words", skip=_NOT)
    return min(found, key=lambda one: (-one.confidence, one.span), default=None)


_KITA_PLACE: Final = re.compile(
    r"^(?:kita|kitas|in der kita|kindergarten|ihre (?:kita|schule|einrichtung)|kitas? (?:auf|in|im)\b)|"
    r"^(?:hort|schule|krippe)$|^(?:euer|ihr|eure) |"
    r"\bkita\b, alternativ|in ihre[rmn]|bei ihnen|bei euch|vor ort in|/ in der kita\b"
)


def _kita_as_place(place: Prose) -> Found[Mode] | None:
    match = _KITA_PLACE.search(place.lower)
    return Found(Mode.IN_KITA, place.text[match.start() : match.end()], "modes.place", 0.9, (0, 0)) if match else None


def read_kind(text: str | Prose) -> Found[Kind] | None:
    """What sort of offer the words name, or ``None``."""
    found = find_all(prose(text), _KINDS, "kind.words")
    return min(found, key=lambda one: (-one.confidence, one.span), default=None)


def read_cancelled(text: str | Prose, *, title_end: int = 0) -> Found[bool] | None:
    """Whether the offer as a whole is off.

    Said in the title, or in a clause that is no condition and names no other date.
    """
    page = prose(text)
    for match in all_matches(_CANCELLED, page):
        clause = page.lower[slice(*page.around(match.start()))]
        if match.start() <= title_end:
            return Found(True, page.text[match.start() : match.end()], "cancelled.title", 0.95, match.span())
        if _CONDITIONAL.search(clause):
            continue
        if re.match(
            r"\d{1,2}\.\s?\d{1,2}\.[^.]{0,6}$", page.lower[max(0, match.start() - 14) : match.start()].lstrip()
        ):
            continue
        return Found(True, page.text[match.start() : match.end()], "cancelled.text", 0.8, match.span())
    return None


def read_sold_out(text: str | Prose, *, title_end: int = 0) -> Found[bool] | None:
    """Whether nothing is free."""
    page = prose(text)
    match = search(_SOLD_OUT, page)
    if match is None:
        return None
    clause = page.lower[slice(*page.around(match.start()))]
    if match.start() > title_end and re.search(
        r"\b(?:oft|meist|schnell|falls|wenn|erfahrungsgemäß|häufig|bei|bis|\d{1,2}\.)\b", clause
    ):
        return None
    return Found(True, page.text[match.start() : match.end()], "sold_out.words", 0.85, match.span())


def read_funding(text: str | Prose) -> list[Found[Funding]]:
    """Funds that the text names."""
    return find_all(prose(text), _FUNDING, "funding.words")


def is_indoor(text: str | Prose) -> Found[bool] | None:
    """Words that say it is (also) indoors."""
    page = prose(text)
    match = search(_INDOOR, page)
    return Found(True, page.text[match.start() : match.end()], "weather.indoor", 0.7, match.span()) if match else None
