"""The invariants of R4 that the gate holds resources to: each with its official sentence, and where ours differs, why.

Checks are plain functions over a node of a resource whose shape is right. No FHIRPath engine stands behind them: some
official expressions are wrong or cannot be evaluated without a server, and a check of our own can say so.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final

from clinical_commander.fhir.moments import earliest, latest
from clinical_commander.fhir.narrative import faults_of_xhtml, visible_text
from clinical_commander.fhir.walk import Json, Node, references
from clinical_commander.frozen import frozen

UCUM: Final = "http://unitsofmeasure.org"
NAME: Final = re.compile(r"[A-Z][A-Za-z0-9_]{0,254}")
TIME_UNITS: Final = frozenset("s min h d wk mo a ms us ns ps".split())


@frozen
class Invariant:
    """One rule of the standard. `holds` is asked of each element of the types in `of`.

    `expression` is the official FHIRPath; `reason` says why ours is another check, where it is.
    """

    id: str
    of: tuple[str, ...]
    says: str
    expression: str
    holds: Callable[[Node], bool]
    reason: str = ""


def _same(value: object) -> object:
    """A value that can be compared: lists and objects as their text."""
    return repr(value) if isinstance(value, (dict, list)) else value


def _only_one(value: Json, *names: str) -> bool:
    return sum(any(key == n or _is_choice(key, n) for key in value) for n in names) <= 1


def _is_choice(key: str, name: str) -> bool:
    return name.endswith("[x]") and key.startswith(name[:-3]) and key[len(name) - 3 :][:1].isupper()


def value_of(value: Json, name: str = "value") -> tuple[str, Any] | None:
    """The key and content of a choice element such as `value[x]`, if it is there."""
    return next(((k, v) for k, v in value.items() if _is_choice(k, f"{name}[x]")), None)


# --- any element


def _ele_1(node: Node) -> bool:
    return any(key not in ("id", "resourceType") for key in node.value) or node.is_resource


def _ext_1(node: Node) -> bool:
    return ("extension" in node.value) != (value_of(node.value) is not None)


def _per_1(node: Node) -> bool:
    start, end = node.value.get("start"), node.value.get("end")
    # The official `start <= end` is empty, hence not an error, where precisions differ: 2026 and 2026-03-01.
    return start is None or end is None or earliest(start) <= latest(end)


def _qty_3(node: Node) -> bool:
    return "code" not in node.value or "system" in node.value


def _rng_2(node: Node) -> bool:
    low, high = node.value.get("low", {}), node.value.get("high", {})
    same_unit = _unit(low) == _unit(high)
    return not same_unit or "value" not in low or "value" not in high or bool(low["value"] <= high["value"])


def _unit(quantity: Json) -> tuple[Any, Any]:
    return (quantity.get("system"), quantity["code"]) if "code" in quantity else (None, quantity.get("unit"))


def _sqty_1(node: Node) -> bool:
    return all("comparator" not in node.value.get(end, {}) for end in ("low", "high"))


def _drt_1(node: Node) -> bool:
    value = node.value
    if "code" in value and (value.get("system") != UCUM or value["code"] not in TIME_UNITS):
        return False
    return "value" not in value or "code" in value


def _rat_1(node: Node) -> bool:
    both = "numerator" in node.value and "denominator" in node.value
    neither = "numerator" not in node.value and "denominator" not in node.value
    return both or (neither and "extension" in node.value)


def _att_1(node: Node) -> bool:
    return "data" not in node.value or "contentType" in node.value


def _cpt_2(node: Node) -> bool:
    return "value" not in node.value or "system" in node.value


def _drq_1(node: Node) -> bool:
    return ("path" in node.value) != ("searchParam" in node.value)


def _exp_1(node: Node) -> bool:
    return "expression" in node.value or "reference" in node.value


def _ref_1(node: Node) -> bool:
    literal = node.value.get("reference")
    if not isinstance(literal, str) or not literal.startswith("#"):
        return True
    whole = node.container if node.container is not None else node.resource
    return literal == "#" or literal[1:] in {c.get("id") for c in whole.get("contained", ())}


def _txt_1(node: Node) -> bool:
    return not faults_of_xhtml(node.value["div"])


def _txt_2(node: Node) -> bool:
    return bool(visible_text(node.value["div"]).strip()) or "<img" in node.value["div"]


def _timing(needs: str, given: str) -> Callable[[Node], bool]:
    return lambda node: given not in node.value or needs in node.value


def _not_negative(name: str) -> Callable[[Node], bool]:
    return lambda node: bool(node.value.get(name, 0) >= 0)


# --- resources that contain others


def _dom_2(node: Node) -> bool:
    return all("contained" not in c for c in node.value.get("contained", ()))


def _dom_3(node: Node) -> bool:
    if "contained" not in node.value:
        return True
    contained = {f"#{c.get('id')}": c for c in node.value.get("contained", ())}
    pointed_at = {literal for _, literal in references(node.value)}
    points_out = {id for id, c in contained.items() if any(literal == "#" for _, literal in references(c))}
    return contained.keys() <= pointed_at | points_out


def _dom_4(node: Node) -> bool:
    return all(not {"versionId", "lastUpdated"} & c.get("meta", {}).keys() for c in node.value.get("contained", ()))


def _dom_5(node: Node) -> bool:
    return all("security" not in c.get("meta", {}) for c in node.value.get("contained", ()))


def _dom_6(node: Node) -> bool:
    return node.container is not None or "div" in node.value.get("text", {})


# --- parts that several resources share


def name_pattern(node: Node) -> bool:
    """Whether a name, if there is one, can be used by a program."""
    return "name" not in node.value or NAME.fullmatch(node.value["name"]) is not None


def repeated(values: list[Any]) -> list[Any]:
    """The values that stand more than once."""
    return [value for value, count in Counter(map(_same, values)).items() if count > 1]


_DOMAIN: Final = ("DomainResource",)

GENERAL: Final[tuple[Invariant, ...]] = (
    Invariant("ele-1", ("*",), "An element has a value or children.",
              "hasValue() or (children().count() > id.count())", _ele_1),
    Invariant("ext-1", ("Extension",), "An extension has extensions or a value, not both and not neither.",
              "extension.exists() != value.exists()", _ext_1),
    Invariant("txt-1", ("Narrative",), "A narrative holds basic HTML only: no script, no form, no handler, no frame.",
              "htmlChecks()", _txt_1, "`htmlChecks()` is named and not defined by FHIRPath; ours is a closed list."),
    Invariant("txt-2", ("Narrative",), "A narrative shows something.", "htmlChecks()", _txt_2,
              "The official expression is that of txt-1."),
    Invariant("ref-1", ("Reference",), "A local reference has its contained resource.",
              "reference.startsWith('#').not() or (reference.substring(1).trace('url') in "
              "%rootResource.contained.id.trace('ids'))", _ref_1,
              "The official expression refuses `#`, which R4 allows a contained resource to point to its container."),
    Invariant("per-1", ("Period",), "A period does not end before it starts.",
              "start.hasValue().not() or end.hasValue().not() or (start <= end)", _per_1,
              "Of partial dates the earliest start is compared with the latest end; the official one says nothing."),
    Invariant("qty-3", ("Quantity", "Age", "Duration", "Count", "Distance"), "A unit code has its system.",
              "code.empty() or system.exists()", _qty_3),
    Invariant("drt-1", ("Duration",), "A duration has a UCUM unit of time.",
              "(code.exists() or value.empty()) and (system.empty() or system = %ucum)", _drt_1,
              "The official expression does not look whether the unit is one of time, though its sentence does."),
    Invariant("rng-2", ("Range",), "A range's low is not above its high.",
              "low.empty() or high.empty() or (low <= high)", _rng_2, "Compared only where both have one unit."),
    Invariant("sqty-1", ("Range",), "The ends of a range have no comparator.", "comparator.empty()", _sqty_1),
    Invariant("rat-1", ("Ratio",), "A ratio has both parts, or neither and an extension.",
              "(numerator.empty() xor denominator.exists()) and (numerator.exists() or extension.exists())", _rat_1),
    Invariant("att-1", ("Attachment",), "Data has a content type.", "data.empty() or contentType.exists()", _att_1),
    Invariant("cpt-2", ("ContactPoint",), "A contact has a system.", "value.empty() or system.exists()", _cpt_2),
    Invariant("drq-1", ("DataRequirement.codeFilter",), "A code filter has a path or a search parameter, not both.",
              "path.exists() xor searchParam.exists()", _drq_1),
    Invariant("drq-2", ("DataRequirement.dateFilter",), "A date filter has a path or a search parameter, not both.",
              "path.exists() xor searchParam.exists()", _drq_1),
    Invariant("exp-1", ("Expression",), "An expression has its text or a reference to it.",
              "expression.exists() or reference.exists()", _exp_1),
    Invariant("tim-1", ("Timing.repeat",), "A duration has its unit.",
              "duration.empty() or durationUnit.exists()", _timing("durationUnit", "duration")),
    Invariant("tim-2", ("Timing.repeat",), "A period has its unit.",
              "period.empty() or periodUnit.exists()", _timing("periodUnit", "period")),
    Invariant("tim-4", ("Timing.repeat",), "A duration is not negative.",
              "duration.exists() implies duration >= 0", _not_negative("duration")),
    Invariant("tim-5", ("Timing.repeat",), "A period is not negative.",
              "period.exists() implies period >= 0", _not_negative("period")),
    Invariant("tim-6", ("Timing.repeat",), "A longest period has a period.",
              "periodMax.empty() or period.exists()", _timing("period", "periodMax")),
    Invariant("tim-7", ("Timing.repeat",), "A longest duration has a duration.",
              "durationMax.empty() or duration.exists()", _timing("duration", "durationMax")),
    Invariant("tim-8", ("Timing.repeat",), "A highest count has a count.",
              "countMax.empty() or count.exists()", _timing("count", "countMax")),
    Invariant("tim-9", ("Timing.repeat",), "An offset has a `when` that it is an offset of.",
              "offset.empty() or (when.exists() and ((when in ('C' | 'CM' | 'CD' | 'CV')).not()))",
              lambda n: "offset" not in n.value or bool(set(n.value.get("when", ())) - {"C", "CM", "CD", "CV"})),
    Invariant("tim-10", ("Timing.repeat",), "A time of day and a `when` exclude each other.",
              "timeOfDay.empty() or when.empty()", lambda n: _only_one(n.value, "timeOfDay", "when")),
    Invariant("dom-2", _DOMAIN, "A contained resource contains none.", "contained.contained.empty()", _dom_2),
    Invariant("dom-3", _DOMAIN, "A contained resource is pointed to by its container, or points to it.",
              "contained.where((('#'+id in (%resource.descendants().reference | ...)) or ...).not()).empty()", _dom_3,
              "The official expression also looks among canonical and uri values; nothing here is referred to so."),
    Invariant("dom-4", _DOMAIN, "A contained resource has neither version nor date of update.",
              "contained.meta.versionId.empty() and contained.meta.lastUpdated.empty()", _dom_4),
    Invariant("dom-5", _DOMAIN, "A contained resource has no security label.", "contained.meta.security.empty()",
              _dom_5),
    Invariant("dom-6", _DOMAIN, "A resource has a narrative.", "text.`div`.exists()", _dom_6,
              "A best practice in R4; an error here: the narrative is where a reader learns that nobody reviewed it."),
)  # fmt: skip
"""What holds of any resource and of the data types."""

Holds = Mapping[str, tuple[Invariant, ...]]
