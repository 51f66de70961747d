"""What can go wrong, as one small family.

    KitalotseError
    ├── SourceError        a source cannot be read: bad TOML, unreachable, not what it claims to be
    ├── RecordError        one Record cannot be understood; the run goes on without it
    ├── StoreError         the database refuses: unknown id, stale lease, wrong state
    │   └── Superseded     … because somebody decided something later, which has to be taken back first
    ├── SettingsError      a setting is missing or makes no sense
    └── CorpusError        a file handed to us (gold corpus, list of Kitas) is not what it should be

Every message says where, what was read, what was expected and what to do.
"""


class KitalotseError(Exception):
    """Base of all errors this project raises on purpose; the command line prints it without a traceback."""


class SourceError(KitalotseError):
    """Raised by ``harvesters`` when a source as a whole cannot be read; the run fails and withdraws nothing."""


class RecordError(KitalotseError):
    """Raised by ``harvesters`` for one Record; the run keeps it as an Issue and goes on."""


class StoreError(KitalotseError):
    """Raised by ``schemas.store`` when a change cannot be made; nothing has been written."""


class Superseded(StoreError):
    """Raised by ``schemas.store.undoing`` and below where taking back would overrule what was decided since."""


class SettingsError(KitalotseError):
    """Raised by ``webapp.settings`` and the Region loader when configuration is missing or wrong."""


class CorpusError(KitalotseError):
    """Raised by importers and ``webapp.evaluation`` for a file that does not have the expected form."""
