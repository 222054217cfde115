"""A path or URL in, a database whose every commit is durable out; settings under which it could lie are refused.

SQLite: a rollback journal and `synchronous=EXTRA`, so that a commit is on the disk when it returns, even where power
fails while the journal is deleted; one writer at a time. PostgreSQL: `synchronous_commit=on`, and one lock for each
encounter. Whatever the database says when it fails stays here: its message may hold what was to be written.
"""

from __future__ import annotations

import hashlib
import logging
import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

from sqlalchemy import create_engine, event, inspect, text
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.pool import NullPool, QueuePool

from clinical_commander.encounter.tables import HEAD, METADATA, REVISIONS
from clinical_commander.errors import DamagedLog, EncounterError, Problem

if TYPE_CHECKING:
    from sqlalchemy.pool import ConnectionPoolEntry

VARIABLE: Final = "CLINICAL_COMMANDER_DB"
WAL_MENDED: Final = (3, 51, 3)
"""Before it, two connections in WAL mode could corrupt a database when a checkpoint met a reset of it (found 2026)."""
_WAITS: Final = 60
"""Seconds for which a writer waits for another before it gives up."""
_HEADER: Final = 512
"""Bytes of the smallest file that SQLite can have written."""
_SCHEMA_LOCK: Final = 4_867_201_551
_WRITES: Final = "writes"
# A pool that lets go of a dead connection logs a traceback, and without a handler Python prints it. Who wants it,
# configures logging.
logging.getLogger("sqlalchemy.pool").addHandler(logging.NullHandler())


def default_path() -> Path:
    """Where the log of this user stands when none is named."""
    home = os.environ.get("XDG_DATA_HOME")
    return (Path(home) if home else Path.home() / ".local" / "share") / "clinical-commander" / "encounters.db"


def url_of(database: str | Path | None) -> URL:
    """The URL of a database: what is given, else `CLINICAL_COMMANDER_DB`, else the file of this user.

    Raises:
        EncounterError: CC850, it is neither a path nor a URL of SQLite or PostgreSQL. The text is not repeated: it may
            hold a password.
    """
    given = database if database is not None else os.environ.get(VARIABLE) or default_path()
    written = str(given)
    if isinstance(given, Path) or "://" not in written:
        return URL.create("sqlite", database=str(Path(written).expanduser().absolute()))
    try:
        url = make_url(written)
    except ArgumentError:
        raise _cannot_open("it is no URL") from None
    if url.get_backend_name() == "postgresql":
        return url.set(drivername="postgresql+pg8000")
    if url.get_backend_name() == "sqlite" and url.database:
        return url
    raise _cannot_open("it is neither a file nor a URL of SQLite or PostgreSQL")


def _cannot_open(why: str) -> EncounterError:
    mend = "Give a path, or postgresql://USER@HOST/DATABASE."
    return EncounterError(Problem("CC850", f"The encounter log cannot be opened: {why}.", mend))


class Database:
    """One database. `writing` and `reading` give a connection inside a transaction."""

    def __init__(self, url: URL, *, makes: bool = False) -> None:
        self.url = url
        self.makes = makes  # whether a file that holds nothing is one that is being made
        self.is_sqlite = url.get_backend_name() == "sqlite"
        with translated():
            self.engine = self._sqlite() if self.is_sqlite else self._postgresql()

    # -- the two kinds

    @property
    def place(self) -> str:
        """Where the log is, without a password."""
        name = self.url.database if self.url.get_backend_name() == "sqlite" else None
        return name or self.url.render_as_string(hide_password=True)

    def _sqlite(self) -> Engine:
        wanted = str(self.url.query.get("journal", "delete")).lower()
        if wanted not in ("delete", "wal"):
            raise EncounterError(Problem("CC852", "There is no such journal.", "Leave `journal` out of the URL."))
        if wanted == "wal":
            refuse_wal(sqlite3.sqlite_version_info)
        path = Path(str(self.url.database))
        try:
            if not path.exists():
                _make(path)
            if path.stat().st_size < _HEADER and not self.makes:
                raise _damaged()
        except OSError as error:
            raise _cannot_open(f"{error.strerror}: {path}") from None
        engine = create_engine(
            URL.create("sqlite", database=str(path)),
            poolclass=NullPool,  # a connection that outlives a fork or a thread shares its locks
            connect_args={"timeout": _WAITS, "isolation_level": None, "check_same_thread": False},
            hide_parameters=True,
        )

        @event.listens_for(engine, "connect")
        def _set(connection: sqlite3.Connection, record: ConnectionPoolEntry) -> None:
            # A flipped bit may leave no UTF-8: it is read all the same, and then does not have its hash.
            connection.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
            cursor = connection.cursor()
            cursor.execute("PRAGMA foreign_keys=ON")
            cursor.execute("PRAGMA secure_delete=ON")  # an erased payload is overwritten, not only forgotten
            cursor.execute("PRAGMA trusted_schema=OFF")
            cursor.execute("PRAGMA cell_size_check=ON")
            found = cursor.execute("PRAGMA journal_mode").fetchone()[0]
            if found == "wal" and wanted != "wal":
                refuse_wal(sqlite3.sqlite_version_info)
            if found != wanted:
                cursor.execute(f"PRAGMA journal_mode={'WAL' if wanted == 'wal' else 'DELETE'}")
            cursor.execute("PRAGMA synchronous=EXTRA")
            cursor.close()

        @event.listens_for(engine, "begin")
        def _begin(connection: Connection) -> None:
            # Immediate: who will write asks for the lock first, so that no two can each wait for the other.
            writes = connection.get_execution_options().get(_WRITES)
            connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

        return engine

    def _postgresql(self) -> Engine:
        engine = create_engine(self.url, poolclass=QueuePool, pool_pre_ping=True, hide_parameters=True)

        @event.listens_for(engine, "connect")
        def _set(connection: Any, record: ConnectionPoolEntry) -> None:
            cursor = connection.cursor()
            cursor.execute("SET synchronous_commit TO on")
            cursor.execute("SET lock_timeout TO '60s'")
            cursor.execute("SELECT current_setting('fsync'), current_setting('full_page_writes')")
            found = cursor.fetchone()
            connection.commit()
            cursor.close()
            if list(found) != ["on", "on"]:
                cause = "This server has fsync or full_page_writes off: what it acknowledges can be lost."
                raise EncounterError(Problem("CC852", cause, "Set both to on in postgresql.conf."))

        return engine

    # -- transactions

    @contextmanager
    def writing(self, encounter: str) -> Iterator[Connection]:
        """A transaction that may write to one encounter. When it ends without an error it is on the disk."""
        with self._locked(lock_key(encounter)) as connection:
            yield connection

    @contextmanager
    def _locked(self, key: int) -> Iterator[Connection]:
        with translated(), self.engine.connect() as connection:
            connection = connection.execution_options(**{_WRITES: True})
            with connection.begin():
                if not self.is_sqlite:
                    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})
                yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one state of the log throughout."""
        with translated():
            isolation = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
            with self.engine.connect().execution_options(**isolation) as connection, connection.begin():
                yield connection

    def close(self) -> None:
        """Close what connections there are."""
        self.engine.dispose()

    # -- tables

    def prepare(self) -> None:
        """Make the tables of an empty database, or bring an older one up to date.

        Raises:
            EncounterError: CC851, a newer program made it, or it holds something else.
        """
        with self.reading() as connection:
            if self._revision(connection) == HEAD:
                return
        with self._locked(_SCHEMA_LOCK) as connection:
            if self._revision(connection) != HEAD:  # another opener may have been quicker
                _migrate(connection)

    def _revision(self, connection: Connection) -> str | None:
        tables = set(inspect(connection).get_table_names())
        if "alembic_version" in tables:
            found: list[str] = list(connection.execute(text("SELECT version_num FROM alembic_version")).scalars())
            if len(found) == 1 and found[0] in REVISIONS:
                return found[0]
            raise EncounterError(
                Problem("CC851", "This program does not know the version of this log.", "Update Clinical Commander.")
            )
        if tables & set(METADATA.tables):
            raise EncounterError(
                Problem("CC851", "This database holds tables of other programs.", "Give the log its own database.")
            )
        return None


def _make(path: Path) -> None:
    """A new file with all its tables, or, if somebody was quicker, theirs.

    It is made under another name: so a file that holds nothing was cut, and is not taken for a new log.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
    os.close(os.open(made, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    try:
        database = Database(URL.create("sqlite", database=str(made)), makes=True)
        database.prepare()
        database.close()
        with suppress(FileExistsError):
            os.link(made, path)
    finally:
        made.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the name, too
    finally:
        os.close(folder)


def _migrate(connection: Connection) -> None:
    # Alembic costs as much as all else at start-up, and is needed once.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def lock_key(encounter: str) -> int:
    """The number under which PostgreSQL knows the lock of an encounter: 64 bits, with sign."""
    return int.from_bytes(hashlib.sha256(encounter.encode()).digest()[:8], "big", signed=True)


def refuse_wal(version: tuple[int, ...]) -> None:
    """Nothing, where this SQLite can be trusted with a write-ahead log.

    Raises:
        EncounterError: CC852.
    """
    if version < WAL_MENDED:
        found, mended = (".".join(map(str, v)) for v in (version, WAL_MENDED))
        cause = f"SQLite {found} can corrupt a database in WAL mode."
        mend = f"Use the rollback journal (`PRAGMA journal_mode=DELETE`), or SQLite {mended}."
        raise EncounterError(Problem("CC852", cause, mend))


# --- what a database says when it fails


@contextmanager
def translated() -> Iterator[None]:
    """The errors of the database as our own, without its message: that may hold a patient's values.

    Raises:
        EncounterError: CC858, nothing was recorded, or whether it was is not known.
        DamagedLog: CC861, the file is no longer a database.
    """
    try:
        yield
    except DBAPIError as error:
        _raise(error.orig)
    except SQLAlchemyError as error:
        raise EncounterError(
            Problem("CC850", f"The encounter log cannot be used ({type(error).__name__}).", "Check the database.")
        ) from None
    except sqlite3.Error as error:
        _raise(error)
    except OSError as error:  # a server that dies says so in the words of the socket
        _raise(error)
    except UnicodeError:  # the names of tables, or what is said of them, are no text any more
        _raise(sqlite3.DatabaseError("malformed"))
    except Exception as error:
        # A connection that breaks while it is made or given back raises the driver's own errors, past SQLAlchemy.
        if type(error).__module__.partition(".")[0] != "pg8000":
            raise
        _raise(error)


def _damaged() -> DamagedLog:
    cause = "The file of the encounter log is damaged."
    return DamagedLog(Problem("CC861", cause, "Restore it from a backup: `commander encounter restore`."))


_SAID: Final = {
    "locked": "another writer held the log for a minute",
    "full": "the disk is full",
    "readonly": "the log cannot be written",
    "unable to open": "the file cannot be opened",
    "disk i/o": "the disk gave an error",
}


def _raise(error: BaseException | None) -> NoReturn:
    said = str(error).lower()
    if isinstance(error, sqlite3.DatabaseError) and ("malformed" in said or "not a database" in said):
        raise _damaged() from None
    why = next((why for word, why in _SAID.items() if word in said), "")
    why = why or f"the database refused ({type(error).__name__})"
    mend = "Try again with the same key: an event that was recorded after all is not recorded twice."
    raise EncounterError(Problem("CC858", f"The log was not reached or not written: {why}.", mend)) from None
