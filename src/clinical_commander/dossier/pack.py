"""A dossier and all it refers to as one immutable file, and back: canonical JSON whose SHA-256 is the content hash.

Two channels. `evaluation` carries a watermark on every surface. `clinical` is refused while anything in the pack is
unreviewed. The user's cache holds packs only, named by what they were made from and by their hash, and hashed again
when they are read.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

from clinical_commander.dossier.cache import cached, checked, code, files_in, keep, stamp
from clinical_commander.dossier.model import Dossier
from clinical_commander.errors import CitationError, Problem
from clinical_commander.frozen import replace

SCHEMA = "pack/1"
CHANNELS = ("evaluation", "clinical")


def build(folder: Path, channel: str = "evaluation") -> tuple[Dossier, bytes]:
    """The dossier of a folder with its hash, and its pack.

    Raises:
        ContentError: The content cannot be used.
        CitationError: CC508, unreviewed content for the clinical channel.
    """
    from clinical_commander.dossier.library import installed_ids
    from clinical_commander.dossier.load import load_dossier

    data = pack(load_dossier(folder, installed=installed_ids(folder)), channel)
    return load_pack(data), data


def pack(dossier: Dossier, channel: str = "evaluation") -> bytes:
    """The pack of a dossier: canonical JSON, the same bytes for the same content.

    Raises:
        CitationError: CC508, something in it is unreviewed and the channel is `clinical`; one problem for each.
    """
    from clinical_commander.canonical import canonical_json
    from clinical_commander.dossier.codec import Encoder

    if channel not in CHANNELS:
        raise CitationError(Problem("CC508", f"no channel `{channel}`.", f"There are: {', '.join(CHANNELS)}."))
    if channel == "clinical":
        refuse_unreviewed(dossier)
    encoder = Encoder()
    plain = encoder.encode(replace(dossier, channel="evaluation", content_hash=""))
    return canonical_json({"schema": SCHEMA, "channel": channel, "dossier": plain, "tables": encoder.tables})


def refuse_unreviewed(dossier: Dossier) -> None:
    """Nothing, for a dossier in which a named clinician has reviewed everything.

    Raises:
        CitationError: CC508 for the dossier and for each citation that nobody has reviewed.
    """
    problems = []
    if dossier.review != "reviewed":
        cause = f"`{dossier.id}` as a whole is not reviewed."
        problems.append(Problem("CC508", cause, "Only a clinician who did not write it can review it."))
    for citation in dossier.citations.values():
        if citation.review != "reviewed" or not citation.reviewer:
            mend = "A clinician reviews it and is named in catalogue/citations.yaml."
            problems.append(Problem("CC508", f"citation `{citation.id}`: review {citation.review}.", mend, citation.at))
    translations = {f"locale/{t.language}.yaml": t.review for t in dossier.translations.values()}
    parts = translations | ({"leaflet.yaml": dossier.leaflet.review} if dossier.leaflet else {})
    for part, state in parts.items():
        if state != "reviewed":
            mend = "A clinician reviews it and is named in the file."
            problems.append(Problem("CC508", f"`{part}` is not reviewed.", mend))
    if problems:
        raise CitationError(problems)


def load_pack(data: bytes, expected_hash: str | None = None) -> Dossier:
    """The dossier of a pack, with its hash and channel. Reads no YAML.

    Args:
        data: The bytes of the pack.
        expected_hash: The SHA-256 they must have, in hexadecimal.

    Raises:
        CitationError: CC511, the bytes are not a pack of this version, or do not have the expected hash; CC508, it says
            `clinical` and holds something unreviewed.
    """
    from clinical_commander.dossier.codec import read_through

    return _read(data, checked(data, expected_hash), read_through)


def _open(data: bytes, expected_hash: str) -> Dossier:
    """As `load_pack`, of a pack that this version has made and read once: it has its hash, so it is whole.

    Each part is read when it is used.
    """
    return _read(data, checked(data, expected_hash), lambda _: None)


def _read(data: bytes, found: str, look_through: Callable[[Dossier], None]) -> Dossier:
    from clinical_commander.dossier.codec import Decoder

    try:
        plain = json.loads(data)
        if plain["schema"] != SCHEMA or plain["channel"] not in CHANNELS:
            raise ValueError(plain["schema"])
        row = {**plain["dossier"], "channel": plain["channel"], "content_hash": found}
        dossier = Decoder(plain["tables"]).decode(Dossier, row)
        look_through(dossier)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        cause = f"this is not a pack of this version ({type(error).__name__})."
        raise CitationError(Problem("CC511", cause, "Make it again with `commander pack`.")) from None
    if dossier.channel == "clinical":
        refuse_unreviewed(dossier)
    return dossier


# --- the cache


def open_cached(folder: Path, make: Callable[[Path], tuple[Dossier, bytes]] = build) -> Dossier:
    """The dossier of a folder, from the cache if its content and the code that reads it are as they were then.

    Args:
        folder: What it is made from.
        make: Makes it, and its pack, where the cache does not have it.
    """
    name = _made_from(folder)
    found = cached(name, _open)
    if found is None:
        found, data = make(folder)
        keep(name, data)
    return found


def _made_from(folder: Path) -> str:
    """A name for everything that a pack depends on: the texts by content, the code and what is installed by date."""
    from clinical_commander.dossier.library import VARIABLE, content_root_of

    root = content_root_of(folder)
    made = hashlib.sha256(os.environ.get(VARIABLE, "").encode())
    for path in sorted(
        file for of in (folder, folder / "locale", root / "catalogue", root / "tools") for file in files_in(of, ".yaml")
    ):
        made.update(path.encode())
        with open(path, "rb") as file:
            made.update(file.read())
    # A route knows whether its dossier is installed: a new package, or a new dossier beside this one, changes that.
    installed = [Path(entry) for entry in sys.path if entry.endswith("site-packages")]
    made.update(stamp([*code("dossier", "logic"), *installed, folder.resolve().parent]).encode())
    return made.hexdigest()[:32]
