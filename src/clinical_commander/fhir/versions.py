"""An id and a content hash in, the canonical name of a definition in FHIR out: `url|version`, version = hash."""

from __future__ import annotations

import re

from clinical_commander.fhir.datatypes import OURS


def canonical_url(kind: str, id: str) -> str:
    """The address of a definition of ours, without its version."""
    return f"{OURS}:{kind}:{id}"


def canonical(kind: str, id: str, content_hash: str) -> str:
    """The address of one version of a definition. The hash is that of the whole pack: equal content, equal version."""
    return f"{canonical_url(kind, id)}|{content_hash or 'unpacked'}"


def computable_name(id: str) -> str:
    """An id as a name that a program can use: `symptom.hemoptysis.v1` is `SymptomHemoptysisV1`."""
    joined = "".join(word[:1].upper() + word[1:] for word in re.split(r"[^A-Za-z0-9]+", id) if word)
    return joined if joined[:1].isalpha() else f"N{joined}"
