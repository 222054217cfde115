"""What the tests of the leaflet share: the constructed patient who gets it, changed one way or another."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from clinical_commander.dossier.model import Dossier
from clinical_commander.dossier.model_leaflet import Translated, Translation, source_hash
from clinical_commander.dossier.reader import plain_data
from clinical_commander.dossier.source import read_yaml
from clinical_commander.engine.assess import Engine
from clinical_commander.engine.assessment import Assessment
from clinical_commander.engine.read_case import case_from_mapping
from clinical_commander.engine.site import Site
from clinical_commander.frozen import replace
from clinical_commander.leaflet.write import WATERMARK, Leaflet, write_leaflet
from tests.fixtures import EXAMPLES, engine

MOMENT = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
LANGUAGES = ("en", "es")
PSEUDO = "ar-XB"
# The right-to-left override and its end: the letters run the other way, as in Android's pseudo-locale of this name.
RUN_BACK, RUN_ON = "\u202e", "\u202c"


@functools.cache
def mild() -> Mapping[str, object]:
    """The constructed patient as plain data."""
    data = plain_data(read_yaml(EXAMPLES / "constructed-mild.yaml"))
    assert isinstance(data, dict)
    return {key: value for key, value in data.items() if key not in ("at", "source")}


def facts() -> dict[str, object]:
    found = mild()["facts"]
    assert isinstance(found, dict)
    return dict(found)


def assessed(
    of: Engine | None = None, /, *, setting: str = "ed", actions: object = None, **changes: object
) -> Assessment:
    """The assessment of the constructed patient with some facts changed; None takes a fact away."""
    told = {name: value for name, value in {**facts(), **changes}.items() if value is not None}
    data = {**mild(), "setting": setting, "facts": told, "actions": actions or {}}
    run = of or engine()
    return run.assess(case_from_mapping(data, run.dossier, now=MOMENT))


def leaflet(language: str = "en", site: Site | None = None, /, **changes: object) -> Leaflet:
    """The leaflet of the constructed patient with some facts changed."""
    return write_leaflet(assessed(**changes), engine().dossier, site, language)


def alarms(result: Assessment) -> set[str]:
    """Triggers that are, or could still become, urgent or critical: read off the answer, not off the leaflet's code."""
    return {
        name
        for name, t in result.triggers.items()
        if t.state != "quiet" and {"urgent", "critical"}.intersection((t.severity or "", *t.may_become))
    }


def pseudo() -> Dossier:
    """The dossier with a language that runs from right to left, made from the English texts."""
    dossier = engine().dossier
    assert dossier.leaflet is not None
    source = {WATERMARK: dossier.watermark, **dossier.leaflet.texts()}
    texts = {key: Translated(f"{RUN_BACK}{text}{RUN_ON}", source_hash(text)) for key, text in source.items()}
    return replace(dossier, translations={PSEUDO: Translation(PSEUDO, "Pseudo", "rtl", "needed", texts)})


def everything(language: str = "en") -> Leaflet:
    """A leaflet longer than any patient's: all sentences that can stand together, and every test planned."""
    dossier, result = engine().dossier, assessed()
    content = dossier.leaflet
    assert content is not None
    assert result.leaflet is not None
    other = ("seen_clinic", "seen_ward", "seen_home", "within_2d", "unknown_yet", "thinner_asked")
    names = [f"{s.id}.{x.id}" for s in content.sections for x in s.sentences if x.id not in other]
    marked = [name for name in names if name.startswith("tests.") or name == "causes.bronchiectasis"]
    report = replace(result.leaflet, sentences=tuple(names), marked=tuple(marked))
    return write_leaflet(replace(result, leaflet=report), dossier, None, language)


def variants(language: str) -> list[Leaflet]:
    """Leaflets of every setting and medicine; with those of other tiers refused, the whole matrix."""
    dry = {"hours_since_last_bleeding": "60 h"}
    changes = [{"setting": s, **dry} for s in ("home", "outpatient", "ed", "inpatient")]
    changes += [
        {"anticoagulant": "warfarin", "inr": "2.2"},
        {"anticoagulant": None},
        {"smoking_status": "current", "age": "61 years"},
    ]
    changes += [{"confirmed_cause": "acute_bronchitis"}, {"antiplatelet": "single"}]
    return [everything(language), *(leaflet(language, **c) for c in changes)]


def keys(found: Leaflet) -> set[str]:
    """The sentences of a leaflet, as `section.sentence`."""
    return {line.key.removeprefix("leaflet.") for part in found.parts for line in part.lines}


def traces() -> list[tuple[str, str, dict[str, object]]]:
    """(warning, red flag, sign) of every warning."""
    content = engine().dossier.leaflet
    assert content is not None
    return [(x.id, t.red_flag, dict(t.sign)) for s in content.sections for x in s.sentences for t in x.traces]


def as_told(sign: dict[str, object]) -> dict[str, object]:
    """A sign as a case tells it: quantities with their units."""
    units = {name: fact.unit.code for name, fact in engine().dossier.facts.items() if fact.unit}
    return {
        name: f"{value:g} {units[name]}" if isinstance(value, float) and units.get(name, "1") != "1" else value
        for name, value in sign.items()
    }


def need(what: str, found: bool) -> None:
    """Skip, by name, what this machine lacks; under CI nothing may be lacking."""
    if not found:
        if os.environ.get("CI") == "true":
            pytest.fail(f"{what} is missing: .ci/run installs it")
        pytest.skip(f"{what} is not on this machine")
