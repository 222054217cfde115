"""Packs in and out of the database of the log: an encounter can be replayed with the content that it was run with."""

from __future__ import annotations

import hashlib
import zlib

from sqlalchemy import select
from sqlalchemy.engine import Connection

from clinical_commander.dossier.model import Dossier
from clinical_commander.dossier.pack import load_pack
from clinical_commander.dossier.pack import pack as packed
from clinical_commander.encounter.events import refused
from clinical_commander.encounter.tables import PACKS
from clinical_commander.errors import CitationError, DamagedLog, Problem
from clinical_commander.frozen import frozen


@frozen
class Pack:
    """A pack: its bytes, their hash, and the dossier that they hold."""

    hash: str
    data: bytes
    dossier: Dossier


def pack_of(content: Dossier | bytes | Pack) -> Pack:
    """The pack of a dossier, or of the bytes of one; a pack as it is.

    Raises:
        CitationError: CC511, CC508, as `load_pack`.
    """
    if isinstance(content, Pack):
        return content
    data = content if isinstance(content, bytes) else packed(content)
    dossier = load_pack(data)
    return Pack(dossier.content_hash, data, dossier)


def archive(connection: Connection, pack: Pack) -> None:
    """Keep a pack; one that is kept already stays as it is."""
    if connection.execute(select(PACKS.c.hash).where(PACKS.c.hash == pack.hash)).first() is None:
        row = {"hash": pack.hash, "dossier": pack.dossier.id, "version": pack.dossier.version}
        connection.execute(PACKS.insert(), {**row, "body": zlib.compress(pack.data)})


def read_pack(connection: Connection, hash: str) -> bytes:
    """The bytes of a pack, which have its hash.

    Raises:
        EncounterError: CC857, it is not in this log.
        DamagedLog: CC862, it was altered.
    """
    body = connection.execute(select(PACKS.c.body).where(PACKS.c.hash == hash)).scalar()
    if body is None:
        raise refused("CC857", f"The pack {hash[:12]} is not in this log.", "`commander encounter upgrade` brings one.")
    data = unpacked(body)
    if data is None or hashlib.sha256(data).hexdigest() != hash:
        raise DamagedLog(Problem("CC862", f"The pack {hash[:12]} was altered.", "Restore the log from a backup."))
    return data


def unpacked(body: object) -> bytes | None:
    """The bytes of a stored pack; None where they can no longer be had."""
    try:
        return zlib.decompress(body) if isinstance(body, bytes) else None
    except zlib.error:
        return None


def dossier_of(data: bytes) -> Dossier:
    """The dossier of an archived pack.

    Raises:
        EncounterError: CC857, it has a form that this program does not read.
    """
    try:
        return load_pack(data)
    except CitationError:
        cause = "The pack of this encounter has a form that this program does not read."
        raise refused("CC857", cause, "Use the version of Clinical Commander that recorded it.") from None
