"""The web pages of the example providers: one set of Jinja templates per make of site."""

from datetime import datetime
from typing import Any, Final

import orjson
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from webapp.demo.providers.content import MARK, DemoOffer, GermanDay, SiteContent

LIST_SIZE: Final = 10
"""Offers per listing page of the WordPress site."""

LISTINGS: Final = {
    "wordpress": "/veranstaltungen/",
    "typo3": "/bildung/angebote.html",
    "handmade": "/stuecke.html",
    "microdata": "/kurse",
    "ical": "/termine.ics",
    "csv": "/export/lernorte.csv",
    "sections": "/kinder.html",
    "json": "/api/angebote",
    "geojson": "/karte.geojson",
    "rss": "/neues.rss",
    "pdf": "/kita-programm.pdf",
}
"""Where a site of each make lists what it offers: a page, a feed or a leaflet."""

_DETAILS: Final = {
    "wordpress": ("/veranstaltung/", "/"),
    "typo3": ("/bildung/angebote/detail/", ".html"),
    "handmade": ("/stueck/", ".html"),
    "microdata": ("/kurse/", ""),
}
_PLAIN_DETAIL: Final = ("/angebote/", "")
_FEEDS: Final = frozenset({"ical", "csv", "json", "geojson", "rss", "pdf"})
_LABELS: Final = {
    "fuer": "Zielgruppe",
    "alter": "Alter",
    "kosten": "Kosten",
    "dauer": "Dauer",
    "gruppe": "Gruppengröße",
    "zeit": "Zeit",
    "ort": "Ort",
    "anmeldung": "Anmeldung",
    "barrierefrei": "Barrierefreiheit",
}
_ENTITIES: Final = str.maketrans(
    {
        "&": "&#038;",
        "<": "&lt;",
        ">": "&gt;",
        "ä": "&auml;",
        "ö": "&ouml;",
        "ü": "&uuml;",
        "Ä": "&Auml;",
        "Ö": "&Ouml;",
        "Ü": "&Uuml;",
        "ß": "&szlig;",
        "–": "&#8211;",
        "€": "&euro;",
    }
)
"""What WordPress plug-ins turn into entities, in JSON-LD too, where they do not belong."""


def detail_path(make: str, key: str) -> str:
    """Path of the page of one offer."""
    before, after = _DETAILS.get(make, _PLAIN_DETAIL)
    return f"{before}{key}{after}"


def rows_of(offer: DemoOffer) -> list[tuple[str, str]]:
    """The facts of an offer, each with its label."""
    return [(label, offer.fields[key]) for key, label in _LABELS.items() if key in offer.fields]


def html_page(site: SiteContent, path: str, base_url: str) -> str | None:
    """The page at ``path``, or ``None`` where the site has none."""
    if path == "/":
        return _render("home.html", site, listing=LISTINGS[site.make], feed=site.make in _FEEDS)
    listing = None if site.make in _FEEDS else _listing(site, path)
    if listing is not None:
        return listing
    before, after = _DETAILS.get(site.make, _PLAIN_DETAIL)
    if not (path.startswith(before) and path.endswith(after)):
        return None
    offer = site.offer(path[len(before) : len(path) - len(after)])
    return None if offer is None else _detail(site, offer, base_url)


def special_page(name: str) -> str:
    """``maintenance`` or ``not_found``: pages that belong to no site."""
    return _environment.get_template(f"{name}.html").render(mark=MARK)


def _listing(site: SiteContent, path: str) -> str | None:
    start = LISTINGS[site.make]
    if path == start:
        number = 1
    elif site.make == "wordpress" and path.startswith(f"{start}seite/") and path[len(start) + 6 :].strip("/").isdigit():
        number = int(path[len(start) + 6 :].strip("/"))
    else:
        return None
    size = LIST_SIZE if site.make == "wordpress" else len(site.offers)
    offers = site.offers[(number - 1) * size : number * size]
    if number > 1 and not offers:
        return None
    following = f"{start}seite/{number + 1}/" if number * size < len(site.offers) else None
    values = {"offers": offers, "path_of": detail_path, "rows_of": rows_of, "following": following}
    return _render(f"{site.make}_list.html", site, **values)


def _detail(site: SiteContent, offer: DemoOffer, base_url: str) -> str:
    path = detail_path(site.make, offer.key)
    template = f"{site.make}_detail.html" if site.make in _DETAILS else "plain_detail.html"
    return _render(
        template,
        site,
        offer=offer,
        canonical=f"https://{site.host}{path}",
        address=f"{base_url}{path}",
        rows=rows_of(offer),
        listing=LISTINGS[site.make],
        scripts=_scripts(site, offer, f"{base_url}{path}") if site.make == "wordpress" else (),
    )


def _render(template: str, site: SiteContent, **values: Any) -> str:
    return _environment.get_template(template).render(site=site, mark=MARK, day=_day, clock=_clock, **values)


def _day(moment: datetime, style: str) -> str:
    return format(GermanDay(moment.date()), style)


def _clock(moment: datetime) -> str:
    return f"{moment.hour}.{moment.minute:02d} Uhr"


def _scripts(site: SiteContent, offer: DemoOffer, url: str) -> tuple[Markup, ...]:
    """The three JSON-LD blocks of a WordPress page: SEO graph, breadcrumbs, and the event in an array of one."""
    graph = {
        "@context": "https://schema.org",
        "@graph": [
            {"@type": "WebPage", "@id": url, "url": url, "name": f"{offer.title} - {site.name}", "inLanguage": "de-DE"},
            {"@type": "Organization", "@id": f"https://{site.host}/#organization", "name": site.name},
        ],
    }
    crumbs = {
        "@context": "https://schema.org",
        "@type": "BreadcrumbList",
        "itemListElement": [{"@type": "ListItem", "position": 1, "name": "Veranstaltungen"}],
    }
    return tuple(_script(data) for data in (graph, crumbs, [_event(site, offer, url)]))


def _event(site: SiteContent, offer: DemoOffer, url: str) -> dict[str, Any]:
    prose = "".join(f"<p>{paragraph}</p>" for paragraph in offer.paragraphs)
    event: dict[str, Any] = {
        "@context": "http://schema.org",
        "@type": "Event" if offer.times else "EducationEvent",
        "@id": f"https://{site.host}{detail_path(site.make, offer.key)}",
        "name": offer.title.translate(_ENTITIES),
        "description": prose.translate(_ENTITIES),
        "url": url,
        "eventAttendanceMode": "https://schema.org/OfflineEventAttendanceMode",
        "eventStatus": f"https://schema.org/{'EventCancelled' if offer.status == 'cancelled' else 'EventScheduled'}",
        "location": {
            "@type": "Place",
            "name": site.name,
            "address": {
                "@type": "PostalAddress",
                "streetAddress": site.street,
                "addressLocality": site.town,
                "postalCode": site.postcode,
                "addressCountry": "Deutschland",
            },
        },
        "organizer": {"@type": "Person", "name": site.name, "email": site.mail, "telephone": site.phone},
        "performer": "Organization",
    }
    if offer.times:
        event["startDate"] = offer.times[0].isoformat()
        event["endDate"] = offer.end(offer.times[0]).isoformat()
    if len(offer.times) > 1:
        event["subEvent"] = [  # the further dates; the first is the event's own
            {
                "@type": "Event",
                "name": event["name"],
                "startDate": time.isoformat(),
                "endDate": offer.end(time).isoformat(),
            }
            for time in offer.times[1:]
        ]
    if "price" in offer.fields:
        event["offers"] = {
            "@type": "Offer",
            "price": offer.fields["price"],
            "priceCurrency": "€",
            "availability": f"https://schema.org/{'SoldOut' if offer.status == 'sold_out' else 'InStock'}",
            "validFrom": "1970-01-01T00:00:00+00:00",
            "url": url,
        }
    return event


def _script(data: object) -> Markup:
    return Markup(orjson.dumps(data).decode().replace("</", "<\\/"))


_environment: Final = Environment(
    loader=PackageLoader("webapp.demo.providers"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)
