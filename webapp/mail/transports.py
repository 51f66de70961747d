"""Where mails go: into the local outbox, or to a relay. The only part of the app that speaks SMTP.

What a transport raises tells the ledger what is known: ``Refused`` (certainly not taken), ``NotReached`` (nothing was
handed over), ``InDoubt`` (it may have been taken).
"""

import os
import smtplib
import ssl
import stat
from email.message import EmailMessage
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol, Self

from schemas.exceptions import KitalotseError, SettingsError
from schemas.region import Region
from webapp.settings import Security, Settings

TIMEOUT_S: Final = 60.0
"""Seconds to wait for each answer of the relay."""
THE_SETTINGS: Final = "KITALOTSE_RELAY_HOST, _PORT, _SECURITY, _USER and _PASSWORD"
"""Where the installation's relay is configured."""

_LONGEST_PASSWORD: Final = 1000


class MailError(KitalotseError):
    """Raised by transports; its children say what is known about the mail."""


class Refused(MailError):
    """The relay answered that it does not take this mail: for now (4xx) or for good (5xx)."""

    def __init__(self, code: int, words: str) -> None:
        super().__init__(f"{code} {words}".strip())
        self.code: Final = code

    @property
    def for_good(self) -> bool:
        """Whether trying again is pointless."""
        return self.code >= 500


class NotReached(MailError):
    """No relay could be reached, or it refused us before this mail began."""


class Unusable(NotReached):
    """The relay cannot be used as it is configured."""

    def __init__(self, words: str, *, tried: str, answer: str, settings: tuple[str, ...]) -> None:
        super().__init__(words)
        self.tried: Final = tried
        """What we did last: ``connecting to mail.example:587``."""
        self.answer: Final = answer
        """What came back, in the relay's or the system's words."""
        self.settings: Final = settings
        """The fields of a Region's ``[relay]`` that may be wrong, likeliest first."""


class InDoubt(MailError):
    """The line broke after the mail was handed over and before the answer."""


class Transport(Protocol):
    """Takes mails, one after the other; used as a context manager around a whole run."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def send(self, message: EmailMessage) -> None:
        """Hand over one mail; returns when it was taken. Raises ``Refused``, ``NotReached`` or ``InDoubt``."""
        ...


class Outbox:
    """Writes each mail as ``<Message-ID>.eml`` into a folder: whole or not at all, and one file however often sent."""

    def __init__(self, folder: Path) -> None:
        self._folder: Final = folder

    def __enter__(self) -> Self:
        """Make the folder; raises ``NotReached`` where that is not possible."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._unusable(error) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is open."""

    def send(self, message: EmailMessage) -> None:
        """Write the mail; raises ``NotReached`` where the folder cannot be written."""
        path = self._folder / f"{file_stem(str(message['Message-ID']))}.eml"
        draft = path.with_suffix(f".{os.getpid()}.part")
        try:
            draft.write_bytes(message.as_bytes())
            draft.replace(path)
        except OSError as error:
            raise self._unusable(error) from error

    def _unusable(self, error: OSError) -> NotReached:
        return NotReached(f"outbox {self._folder}: cannot be written ({error.strerror}); check the folder")


class Relay:
    """Hands mails to an SMTP relay over one connection, opened when needed and again when it was lost."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        security: Security,
        user: str | None = None,
        password: str | None = None,
        password_file: Path | None = None,
        timeout_s: float = TIMEOUT_S,
        configured_in: str = THE_SETTINGS,
    ) -> None:
        """``password_file`` is read at each connection and replaces ``password``; ``configured_in`` is named where the
        relay cannot be used.
        """
        self._host: Final = host
        self._port: Final = port
        self._security: Final = security
        self._user: Final = user
        self._password: Final = password
        self._password_file: Final = password_file
        self._timeout_s: Final = timeout_s
        self._configured_in: Final = configured_in
        self._smtp: smtplib.SMTP | None = None
        self._step = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Say goodbye and close."""
        if self._smtp is not None:
            try:
                self._smtp.quit()
            except (smtplib.SMTPException, OSError):
                self._smtp.close()  # it is gone already; nothing was open between mails
            self._smtp = None

    def send(self, message: EmailMessage) -> None:
        """Hand over one mail; see ``Transport``."""
        sender, recipient = message["From"].addresses[0].addr_spec, message["To"].addresses[0].addr_spec
        content = message.as_bytes()
        smtp = self._connected()
        try:
            self._expect(smtp.mail(sender, [f"size={len(content)}"] if smtp.has_extn("size") else []), 250)
            self._expect(smtp.rcpt(recipient), 250, 251)
            self._expect(smtp.docmd("DATA"), 354)
        except (smtplib.SMTPServerDisconnected, OSError) as error:
            self._drop()
            raise NotReached(f"{self._name}: the connection broke before the mail was handed over ({error})") from error
        try:
            smtp.send(_stuffed(content))
            answer = smtp.getreply()
        except (smtplib.SMTPException, OSError) as error:
            self._drop()
            raise InDoubt(f"{self._name}: the connection broke before the relay's answer ({error})") from error
        self._expect(answer, *range(200, 300))

    @property
    def _name(self) -> str:
        return f"relay {self._host}:{self._port}"

    def _connected(self) -> smtplib.SMTP:
        if self._smtp is not None and _answers(self._smtp):
            return self._smtp
        self._drop()
        try:
            self._smtp = self._connect()
        except (smtplib.SMTPException, OSError) as error:
            raise Unusable(
                f"{self._name}: cannot be used ({error}); check {self._configured_in}, and whether the relay runs",
                tried=self._step,
                answer=_words(error, self._timeout_s),
                settings=_suspects(error, signing_in=self._step.startswith("signing in")),
            ) from error
        except SettingsError as error:
            raise NotReached(f"{self._name}: cannot be used: {error}") from error
        return self._smtp

    def check(self) -> None:
        """Connect, protect the way and sign in as for a mail, send nothing; raises ``NotReached``."""
        with self:
            self._connected()

    def _connect(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        smtp: smtplib.SMTP
        place = f"{self._host}:{self._port}"
        self._step = f"connecting to {place}{' with TLS' if self._security == 'ssl' else ''}"
        if self._security == "ssl":
            smtp = smtplib.SMTP_SSL(self._host, self._port, timeout=self._timeout_s, context=context)
        else:
            smtp = smtplib.SMTP(self._host, self._port, timeout=self._timeout_s)
        try:
            if self._security == "starttls":
                self._step = f"STARTTLS at {place}"
                smtp.starttls(context=context)
            smtp.ehlo_or_helo_if_needed()
            if self._user is not None:
                self._step = f"signing in at {place} as {self._user}"
                smtp.login(self._user, self._secret())
        except BaseException:
            smtp.close()
            raise
        return smtp

    def _secret(self) -> str:
        return self._password or "" if self._password_file is None else read_password(self._password_file)

    def _expect(self, answer: tuple[int, bytes], *good: int) -> None:
        code, words = answer
        if code in good:
            return
        if code == 421 or code < 400:
            self._drop()
        raise Refused(code if code >= 400 else 451, words.decode("utf-8", "replace")[:300])

    def _drop(self) -> None:
        if self._smtp is not None:
            self._smtp.close()
            self._smtp = None


def transport(settings: Settings, region: Region | None = None, *, timeout_s: float = TIMEOUT_S) -> Transport:
    """The transport for mails of ``region``: its own relay where it has one, else what the settings ask for.

    Mails go into the outbox unless a relay is configured *and* switched on. Raises ``SettingsError`` where the settings
    contradict themselves; a password file that cannot be used is ``NotReached`` when a mail is sent.
    """
    if region is not None and region.relay is not None:
        own = region.relay
        if not own.on:
            return Outbox(settings.outbox_dir)
        return Relay(
            own.host,
            own.port,
            security=own.security,
            user=own.user,
            password_file=settings.data_dir / own.password_file if own.password_file else None,
            timeout_s=timeout_s,
            configured_in=f"[relay] in the file of Region {region.key}",
        )
    if not settings.relay_on:
        return Outbox(settings.outbox_dir)
    if settings.relay_host is None:
        raise SettingsError("the relay is switched on, but KITALOTSE_RELAY_HOST names none")
    return Relay(
        settings.relay_host,
        settings.relay_port,
        security=settings.relay_security,
        user=settings.relay_user,
        password=settings.relay_password,
        timeout_s=timeout_s,
    )


def mails_leave(settings: Settings, region: Region | None = None) -> bool:
    """Whether mails of ``region`` really leave this machine."""
    return region.relay.on if region is not None and region.relay is not None else settings.relay_on


def read_password(path: Path) -> str:
    """The password in ``path``, without the end of its line.

    Raises ``SettingsError`` where it cannot be read, is empty or too long, or where everybody on this machine may read
    it.
    """
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & stat.S_IRWXO:
            raise SettingsError(
                f"{path}: everybody on this machine may use the password file (mode {mode:04o}); run: chmod 600 {path}"
            )
        with path.open(encoding="utf-8") as file:
            password = file.read(_LONGEST_PASSWORD + 1).rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"{path}: the password file cannot be read ({error}); make it readable for the user that runs Kitalotse"
        ) from error
    if not 0 < len(password) <= _LONGEST_PASSWORD or "\n" in password:
        raise SettingsError(f"{path}: expected one line with the password, 1 to {_LONGEST_PASSWORD} characters")
    return password


def file_stem(message_id: str) -> str:
    """A file name for a Message-ID.

    >>> file_stem("<2026-w49.abc@kitalotse.example>")
    '2026-w49.abc@kitalotse.example'
    """
    return "".join(c if c.isalnum() or c in "-._@" else "_" for c in message_id.strip("<>"))[:200]


def _words(error: OSError, timeout_s: float) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error
        return f"{error.smtp_code} {said.decode('utf-8', 'replace') if isinstance(said, bytes) else said}"
    return f"none within {timeout_s:.0f} seconds" if isinstance(error, TimeoutError) else str(error)


def _suspects(error: OSError, *, signing_in: bool) -> tuple[str, ...]:
    """The settings that may be wrong where connecting ended in ``error``."""
    if signing_in:
        return ("user", "security") if isinstance(error, smtplib.SMTPNotSupportedError) else ("user", "password_file")
    if isinstance(error, ssl.SSLCertVerificationError):
        return ("host",)
    if isinstance(error, smtplib.SMTPException | ssl.SSLError):
        return ("security", "port", "host")
    return ("host", "port")


def _answers(smtp: smtplib.SMTP) -> bool:
    """Whether the other end is still there and ready for the next mail."""
    try:
        return smtp.rset()[0] == 250
    except (smtplib.SMTPServerDisconnected, OSError):
        return False


def _stuffed(content: bytes) -> bytes:
    """``content`` as SMTP wants it after DATA: lines end in CRLF, a leading dot is doubled, a single dot ends it."""
    stuffed = content.replace(b"\r\n.", b"\r\n..")
    return (b"." + stuffed if content.startswith(b".") else stuffed).removesuffix(b"\r\n") + b"\r\n.\r\n"
