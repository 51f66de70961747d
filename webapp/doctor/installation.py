"""Examines what lies outside the database: settings, files, Regions, relays. Writes nothing, sends nothing."""

import os
import shlex
import shutil
import stat
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from schemas.exceptions import SettingsError
from schemas.region import Region
from webapp.doctor.findings import Finding, error, ok, warning
from webapp.mail.message import AddressError, address
from webapp.mail.transports import NotReached, Relay, Unusable, mails_leave, read_password, transport
from webapp.region_file import placeholders
from webapp.regions import base_url
from webapp.settings import Settings

RELAY_TIMEOUT_S: Final = 15.0
"""Seconds to wait for each answer of a relay."""
LEAST_FREE: Final = 200 * 2**20
"""Bytes below which a disk counts as full."""
GOOD_FREE: Final = 2 * 2**30
"""Bytes that should be free."""

_VARIABLES: Final = {
    "host": "KITALOTSE_RELAY_HOST",
    "port": "KITALOTSE_RELAY_PORT",
    "security": "KITALOTSE_RELAY_SECURITY",
    "user": "KITALOTSE_RELAY_USER",
    "password_file": "KITALOTSE_RELAY_PASSWORD",
}
"""The installation's settings by the field of a Region's ``[relay]``."""

_LOCAL: Final = ("localhost", "127.0.0.1", "::1")


def examine_settings(settings: Settings, regions: Mapping[str, Region]) -> Iterator[Finding]:
    """Settings that make sense alone but not in earnest."""
    found = False
    if not settings.contact:
        found = True
        yield warning(
            "settings",
            "The sites we read are told no contact, so their operators cannot reach you.",
            "Set KITALOTSE_CONTACT to a mail address.",
        )
    if settings.allow_loopback or settings.demo:
        found = True
        name = "KITALOTSE_ALLOW_LOOPBACK" if settings.allow_loopback else "KITALOTSE_DEMO"
        yield warning("settings", f"{name} is on, which is for demo and tests only.", f"Remove {name}.")
    public = any(base_url(region, settings.base_url).startswith("https:") for region in regions.values())
    if public and not settings.trusted_proxies:
        found = True
        yield warning(
            "settings",
            "The portal is behind a proxy (https) that is not trusted, so limits per visitor count all as one.",
            "Set KITALOTSE_TRUSTED_PROXIES=1, and let the proxy write X-Forwarded-For (webapp/README.md).",
        )
    if not found:
        yield ok("settings", "All settings make sense.")


def examine_files(settings: Settings) -> Iterator[Finding]:
    """The key for signed links, who may use the database's files, and room on the disk."""
    key = settings.data_dir / "secret_key"
    if settings.secret_key is not None:
        yield ok("secret key", "Comes from KITALOTSE_SECRET_KEY.")
    elif not key.exists():
        yield ok("secret key", f"Is made at first use, in {key}.")
    elif stat.S_IMODE(key.stat().st_mode) & 0o077:
        yield error("secret key", f"Others can read {key}, and sign links with it.", f"Run: chmod 600 {key}")
    elif not os.access(key, os.R_OK):
        yield error("secret key", f"{key} cannot be read by this user.", f"Run as root: chown {os.getuid()} {key}")
    else:
        try:
            settings.secret()
        except SettingsError as fault:
            says, _, remedy = str(fault).partition("; ")
            yield error("secret key", f"{says}.", f"{remedy[0].upper()}{remedy[1:]}.")
        else:
            yield ok("secret key", f"{key} is readable by its owner only.")
    file = _database_file(settings)
    if file is not None:
        # With -wal and -shm beside it, one database is three files.
        beside = [file.with_name(file.name + end) for end in ("", "-wal", "-shm")]
        files = {each: found for each in beside if (found := _status(each)) is not None}
        unusable = [each for each in files if not os.access(each, os.R_OK | os.W_OK)]
        yield from examine_permissions(files, unusable=unusable, user=os.getuid())
    for place in sorted({settings.data_dir} | ({file.parent} if file is not None else set())):
        yield _disk(place)


def examine_permissions(
    files: Mapping[Path, os.stat_result], *, unusable: Collection[Path], user: int
) -> Iterator[Finding]:
    """The files of a SQLite database: ``user`` must write them, and nobody else may use them.

    ``unusable`` are those that the system does not let ``user`` read and write.
    """
    about = "database file"
    for file in unusable:
        says = f"{file} cannot be read and written by this user."
        if user not in (0, files[file].st_uid):
            yield error(about, says, f"Run as root: chown {user} {_quoted(file)} && chmod 600 {_quoted(file)}")
        elif user == 0 or files[file].st_mode & 0o600 == 0o600:
            folder = _quoted(file.parent)
            yield error(about, says, f"Its file system is mounted read-only: findmnt --target {folder} says which.")
        else:
            yield error(about, says, f"Run: chmod 600 {_quoted(file)}")
    exposed = [file for file, found in files.items() if file not in unusable and found.st_mode & 0o077]
    for file in exposed:
        yield warning(
            about,
            f"{file} is open to others (mode {stat.S_IMODE(files[file].st_mode):04o}); it holds addresses of people.",
            f"Run: chmod 600 {_quoted(file)}",
        )
    if files and not unusable and not exposed:
        yield ok(about, f"{next(iter(files))} can be used by its owner only.")


def _status(file: Path) -> os.stat_result | None:
    try:
        return file.stat()
    except (FileNotFoundError, PermissionError):  # what a folder that is closed to us means is said of the folder
        return None


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))


def _database_file(settings: Settings) -> Path | None:
    return Path(settings.database.removeprefix("sqlite:///")) if settings.database.startswith("sqlite:") else None


def _disk(place: Path) -> Finding:
    there = next((folder for folder in (place, *place.parents) if os.access(folder, os.F_OK)), Path("/"))
    if not os.access(there, os.W_OK | os.X_OK):
        user, folder = os.getuid(), _quoted(place)
        own = (
            f"chown {user} {folder} && chmod 700 {folder}"
            if there == place
            else f"install -d -m 700 -o {user} {folder}"
        )
        return error("disk", f"{there} cannot be written by this user.", f"Run as root: {own}")
    free = shutil.disk_usage(there).free
    says = f"{free / 2**30:.1f} GiB are free for {place}."
    if free < LEAST_FREE:
        return error("disk", says, f"Make room at once, at least {GOOD_FREE // 2**30} GiB: writing is about to fail.")
    if free < GOOD_FREE:
        return warning("disk", says, f"Make room, at least {GOOD_FREE // 2**30} GiB.")
    return ok("disk", says)


def examine_addresses(regions: Mapping[str, Region], settings: Settings) -> Iterator[Finding]:
    """Regions of one public address: all requests to it are the first one's, whichever names the address itself."""
    first: dict[str, Region] = {}
    for region in regions.values():
        address = base_url(region, settings.base_url)
        other = first.setdefault(address.lower(), region)
        if other is not region:
            yield error(
                f"region {region.key}",
                f"Nobody reaches its pages and desk: {address} is the address of Region {other.key} too.",
                f"Edit its file in {settings.region_dir}: base_url, for instance with a sub-path of its own.",
            )


def examine_region(region: Region, settings: Settings) -> Iterator[Finding]:
    """One Region's file."""
    about, file = f"region {region.key}", settings.region_dir / f"{region.key}.toml"
    edit = f"Edit {file if file.exists() else settings.region_dir}"
    gaps = list(placeholders(region))
    found = list(_addresses(region, settings, about, edit))
    if gaps:
        name, gap = gaps[0]
        found.append(
            warning(about, f"{len(gaps)} places are to be completed, the first in {name}: {gap}", f"{edit}: {name}.")
        )
    missing = [name for name in ("imprint", "privacy", "accessibility") if not getattr(region, name)]
    if missing:
        found.append(warning(about, f"Texts are missing: {', '.join(missing)}.", f"{edit}: {', '.join(missing)}."))
    if not region.coordinators:
        found.append(warning(about, "Nobody can sign in at the desk.", f"{edit}: add [[coordinators]]."))
    for person in region.coordinators:
        try:
            address(person.mail)
        except AddressError as fault:
            found.append(error(about, f"Coordinator {person.name}: {fault}.", f"{edit}: coordinators, mail."))
    yield from found or [ok(about, f"{region.name} is complete.")]


def _addresses(region: Region, settings: Settings, about: str, edit: str) -> Iterator[Finding]:
    public = base_url(region, settings.base_url)
    host = (urlsplit(public).hostname or "").lower()
    here = host in _LOCAL
    if "base_url" not in region.model_fields_set and here:
        yield warning(about, f"It names no public address; links in mails lead to {public}.", f"{edit}: base_url.")
    elif public.startswith("http:") and not here:
        yield warning(
            about,
            f"{public} is not https: links that sign in travel in the clear, mails have no unsubscribe button.",
            f"Get a certificate for {host}, then {edit[0].lower()}{edit[1:]}: base_url.",
        )
    try:
        address(region.sender_mail)
    except AddressError as fault:
        yield error(about, f"Sender: {fault}.", f"{edit}: sender_mail.")
        return
    domain = region.sender_mail.rpartition("@")[2].lower()
    leave = mails_leave(settings, region)
    if "." not in domain:
        say = error if leave else warning
        yield say(about, f"{region.sender_mail} is no address that anybody can answer.", f"{edit}: sender_mail.")
    elif leave and not here and not _related(domain, host):
        yield warning(
            about,
            f"Mails come from {domain}, the portal is at {host}: receivers trust them only with SPF, DKIM and DMARC.",
            f"Check the DNS records of {domain}, or {edit[0].lower()}{edit[1:]}: sender_mail.",
        )


def _related(domain: str, host: str) -> bool:
    return domain == host or host.endswith(f".{domain}") or domain.endswith(f".{host}")


def examine_relays(regions: Mapping[str, Region], settings: Settings) -> Iterator[Finding]:
    """Each way by which mails leave: connects, protects the way, signs in, and sends nothing."""
    ways: dict[str, Region | None] = {}
    if not regions or any(region.relay is None for region in regions.values()):
        ways["relay"] = None
    ways |= {f"relay of {region.key}": region for region in regions.values() if region.relay is not None}
    for about, region in ways.items():
        where = f"[relay] in the file of Region {region.key}" if region else "KITALOTSE_RELAY_HOST and its neighbours"
        own = region.relay if region else None
        if own is not None and own.password_file:
            try:
                read_password(settings.data_dir / own.password_file)
            except SettingsError as fault:
                yield error(about, str(fault).partition("; ")[0] + ".", str(fault).partition("; ")[2] or where)
                continue
        if not mails_leave(settings, region):
            switch = f"Set on = true under {where}" if region else "Set KITALOTSE_RELAY_HOST and KITALOTSE_RELAY_ON=yes"
            yield warning(about, f"Is off: mails stay in {settings.outbox_dir}, nobody gets any.", f"{switch}.")
            continue
        try:
            way = transport(settings, region, timeout_s=RELAY_TIMEOUT_S)
            assert isinstance(way, Relay), "mails that leave go to a relay"
            way.check()
        except Unusable as fault:
            if region:
                correct = f"Edit {settings.region_dir / f'{region.key}.toml'}, [relay]: {', '.join(fault.settings)}"
            else:
                correct = f"Set {', '.join(_VARIABLES[each] for each in fault.settings)}"
            yield error(
                about,
                f"Cannot be used. Tried: {fault.tried}. Answer: {fault.answer}.",
                f"{correct}. If that is right, check that the relay runs and lets this machine in.",
            )
        except (NotReached, SettingsError) as fault:
            yield error(about, f"{fault}.", f"Correct {where}.")
        else:
            yield ok(about, "Can be reached, and takes our sign-in; nothing was sent.")
