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
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from clinical_commander.canonical import canonical_json
from clinical_commander.dossier.model import Dossier
from clinical_commander.errors import CitationError, Problem

SCHEMA = "pack/1"
CHANNELS = ("evaluation", "clinical")
_KEPT = 24


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
    from clinical_commander.dossier.codec import Decoder

    found = hashlib.sha256(data).hexdigest()
    if expected_hash is not None and found != expected_hash:
        raise CitationError(
            Problem("CC511", f"the pack has the hash {found}, not {expected_hash}.", "Get it again: it was changed.")
        )
    try:
        plain = json.loads(data)
        if plain["schema"] != SCHEMA or plain["channel"] not in CHANNELS:
            raise ValueError(plain["schema"])
        dossier = Decoder(plain["tables"]).decode(Dossier, plain["dossier"])
        dossier = replace(dossier, channel=plain["channel"], content_hash=found)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        cause = f"this is not a pack of this version ({type(error).__name__})."
        raise CitationError(Problem("CC511", cause, "Make it again with `commander pack`.")) from None
    if dossier.channel == "clinical":
        refuse_unreviewed(dossier)
    return dossier


# --- the cache


def cache_folder() -> Path:
    """Where packs are kept for the next start: `CLINICAL_COMMANDER_CACHE`, or the user's cache folder."""
    given = os.environ.get("CLINICAL_COMMANDER_CACHE")
    if given:
        return Path(given)
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "clinical-commander"


def open_cached(folder: Path, make: Callable[[Path], tuple[Dossier, bytes]] = build) -> Dossier:
    """The dossier of a folder, from the cache if its content and the code that reads it are as they were then.

    Args:
        folder: What it is made from.
        make: Makes it, and its pack, where the cache does not have it.
    """
    name = _made_from(folder)
    cache = cache_folder()
    for path in cache.glob(f"{name}-*.json") if cache.is_dir() else ():
        try:
            return load_pack(path.read_bytes(), path.stem.rpartition("-")[2])
        except (OSError, CitationError):
            path.unlink(missing_ok=True)
    dossier, data = make(folder)
    _keep(cache, f"{name}-{dossier.content_hash}.json", data)
    return dossier


def _made_from(folder: Path) -> str:
    """A name for everything that a pack depends on: the texts by content, the code and what is installed by date."""
    from clinical_commander.dossier.library import VARIABLE, content_root_of

    root = content_root_of(folder)
    made = hashlib.sha256(os.environ.get(VARIABLE, "").encode())
    for path in sorted(
        (*folder.glob("*.yaml"), *(root / "catalogue").glob("*.yaml"), *(root / "tools").glob("*.yaml"))
    ):
        made.update(str(path).encode())
        made.update(path.read_bytes())
    package = Path(__file__).resolve().parents[1]
    code = [*(package / "dossier").glob("*.py"), *(package / "logic").glob("*.py"), package / "quantity.py"]
    # A route knows whether its dossier is installed: a new package, or a new dossier beside this one, changes that.
    installed = [Path(entry) for entry in sys.path if entry.endswith("site-packages")]
    for path in (*sorted(code), *installed, folder.resolve().parent):
        if path.exists():
            stat = path.stat()
            made.update(f"{path} {stat.st_size} {stat.st_mtime_ns}".encode())
    return made.hexdigest()[:32]


def _keep(cache: Path, name: str, data: bytes) -> None:
    """Write a pack so that a reader sees all of it or nothing; a cache that cannot be written is no cache."""
    try:
        cache.mkdir(parents=True, exist_ok=True)
        handle, made = tempfile.mkstemp(dir=cache, suffix=".part")
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.replace(made, cache / name)
        packs = sorted(cache.glob("*.json"), key=lambda path: path.stat().st_mtime)
        for old in packs[:-_KEPT]:
            old.unlink(missing_ok=True)
    except OSError:
        return
