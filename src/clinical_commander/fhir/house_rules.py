"""A bundle or resource that this project emits in, which of its own promises it breaks out.

R4 cannot know them: that nothing is ordered, that what nobody reviewed says so, that data that are asked for are named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from clinical_commander.fhir.datatypes import ASKED_UNKNOWN, REVIEW_TAGS, UNREVIEWED
from clinical_commander.fhir.narrative import visible_text
from clinical_commander.fhir.shape import Finding
from clinical_commander.fhir.walk import Json, Node, references, walk

RULES: Final[Mapping[str, str]] = {
    "cc-1": "A request is a draft, and only proposed.",
    "cc-2": "What nobody has reviewed says so, in a tag and in words.",
    "cc-3": "A guidance response asks for data exactly while its status says that they are needed.",
    "cc-4": "A coding has a system and a code.",
    "cc-5": "A reference inside a bundle finds its resource.",
    "cc-6": "A bundle with a patient says where it comes from and that it was made.",
    "cc-7": "A communication is in preparation: nobody has handed anything over.",
    "cc-8": "A question with choices offers that it is not known; none is of type boolean.",
    "cc-9": "A definition of ours is named with its version.",
    "cc-10": "A bundle is a collection: nothing in it is to be executed.",
}
_REQUESTS: Final = frozenset({"ServiceRequest", "CommunicationRequest", "RequestGroup", "CarePlan"})
_DEFINITIONS: Final = frozenset({"PlanDefinition", "ActivityDefinition", "Library", "Questionnaire"})
_UNLABELLED: Final = frozenset({"Bundle", "Parameters"})
_OURS: Final = "urn:clinical-commander:"


def house_findings(resource: Json) -> Iterator[Finding]:
    """Every promise that a resource or bundle breaks."""
    for node in walk(resource):
        for rule, holds in RULES_OF.get(node.type, ()):
            if not holds(node):
                yield Finding(rule, node.path, RULES[rule])
        if node.is_resource and node.container is None and not _is_labelled(node):
            yield Finding("cc-2", node.path, RULES["cc-2"])
        if node.type == "Bundle":
            yield from _bundle(node)


def _is_labelled(node: Node) -> bool:
    tags = [t for t in node.value.get("meta", {}).get("tag", ()) if t.get("system") == REVIEW_TAGS]
    if node.type == "Patient" and not tags:
        return True  # who the patient is, is no content
    if [t.get("code") for t in tags] != [UNREVIEWED]:
        return False
    said = str(tags[0].get("display", ""))
    text = visible_text(node.value.get("text", {}).get("div", "<div/>"))
    return bool(said) and (node.type in _UNLABELLED or said.casefold() in text.casefold())


def _is_proposal(node: Node) -> bool:
    return (node.value["status"], node.value.get("intent", "proposal")) == ("draft", "proposal")


def _asks_while_needed(node: Node) -> bool:
    asks = "dataRequirement" in node.value
    return asks == (node.value["status"] in ("data-required", "data-requested"))


def _offers_unknown(node: Node) -> bool:
    kind = node.value["type"]
    if kind not in ("choice", "open-choice"):
        return bool(kind != "boolean")
    options = [o.get("valueCoding", {}) for o in node.value.get("answerOption", ())]
    return any((o.get("system"), o.get("code")) == ASKED_UNKNOWN for o in options)


def _has_system(node: Node) -> bool:
    return {"system", "code"} <= node.value.keys()


def _versioned(node: Node) -> bool:
    for key, item in node.value.items():
        if "anonical" in key or key in ("library", "questionnaire"):
            for one in item if isinstance(item, list) else [item]:
                if isinstance(one, str) and one.startswith(_OURS) and "|" not in one:
                    return False
    return True


def _definition(node: Node) -> bool:
    return {"url", "version"} <= node.value.keys() and node.value["status"] == "draft"


def _bundle(node: Node) -> Iterator[Finding]:
    if node.value["type"] != "collection":
        yield Finding("cc-10", node.path, RULES["cc-10"])
    entries = [e for e in node.value.get("entry", ()) if "resource" in e]
    addresses = {e["fullUrl"]: e["resource"]["resourceType"] for e in entries if "fullUrl" in e}
    for index, entry in enumerate(entries):
        for path, literal in references(entry["resource"]):
            if literal.startswith("urn:uuid:") and literal not in addresses:
                yield Finding("cc-5", f"{node.path}.entry[{index}] {path}", RULES["cc-5"])
    kinds = set(addresses.values())
    if "GuidanceResponse" not in kinds:
        return
    covered = {
        t["reference"]
        for e in entries
        if e["resource"]["resourceType"] == "Provenance"
        for t in e["resource"]["target"]
    }
    loose = {
        u for u, kind in addresses.items() if kind not in ("Provenance", "AuditEvent", "Patient", "Device")
    } - covered
    if "AuditEvent" not in kinds or loose:
        yield Finding("cc-6", node.path, RULES["cc-6"])


_Rule = tuple[str, Callable[[Node], bool]]
RULES_OF: Final[Mapping[str, tuple[_Rule, ...]]] = {
    **dict.fromkeys(_REQUESTS, (("cc-1", _is_proposal), ("cc-9", _versioned))),
    **dict.fromkeys(_DEFINITIONS, (("cc-9", _definition), ("cc-9", _versioned))),
    "ActivityDefinition": (("cc-1", _is_proposal), ("cc-9", _definition), ("cc-9", _versioned)),
    "GuidanceResponse": (("cc-3", _asks_while_needed), ("cc-9", _versioned)),
    "Communication": (("cc-7", lambda node: node.value["status"] == "preparation"), ("cc-9", _versioned)),
    "Questionnaire.item": (("cc-8", _offers_unknown),),
    "QuestionnaireResponse": (("cc-9", _versioned),),
    "PlanDefinition.action": (("cc-9", _versioned),),
    "Coding": (("cc-4", _has_system),),
}
"""Which rule is asked of each type."""
