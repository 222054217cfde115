"""The invariants of single resources: bundles, questionnaires, requests, definitions, risks and the rest."""

from __future__ import annotations

from typing import Any, Final

from clinical_commander.fhir.invariants import GENERAL, UCUM, Invariant, name_pattern, repeated, value_of
from clinical_commander.fhir.walk import Json, Node

# --- Bundle


def _bundled(*types: str, key: str, otherwise: bool) -> Any:
    """Whether each entry has `key` in a bundle of these types; in another, none has it (`otherwise`) or it is free."""

    def holds(node: Node) -> bool:
        entries: list[Json] = node.value.get("entry", [])
        if node.value["type"] in types:
            return all(key in e for e in entries)
        return not otherwise or not any(key in e for e in entries)

    return holds


def _bdl_1(node: Node) -> bool:
    return "total" not in node.value or node.value["type"] in ("searchset", "history")


def _bdl_2(node: Node) -> bool:
    return node.value["type"] == "searchset" or all("search" not in e for e in node.value.get("entry", ()))


def _bdl_5(node: Node) -> bool:
    return bool({"resource", "request", "response"} & node.value.keys())


def _bdl_7(node: Node) -> bool:
    if node.value["type"] == "history":
        return True
    keys = [
        (e["fullUrl"], e.get("resource", {}).get("meta", {}).get("versionId"))
        for e in node.value.get("entry", ())
        if "fullUrl" in e
    ]
    return not repeated(keys)


def _bdl_8(node: Node) -> bool:
    return "/_history/" not in node.value.get("fullUrl", "")


def _document(node: Node) -> bool:
    return bool(node.value["type"] == "document")


def _bdl_9(node: Node) -> bool:
    return not _document(node) or {"system", "value"} <= node.value.get("identifier", {}).keys()


def _first(node: Node) -> Any:
    entries = node.value.get("entry") or [{}]
    return entries[0].get("resource", {}).get("resourceType")


# --- Questionnaire

_SIMPLE: Final = frozenset("boolean decimal integer open-choice string text url".split())
_WITH_OPTIONS: Final = frozenset("choice open-choice decimal integer date dateTime time string quantity".split())


def _que_1(node: Node) -> bool:
    item = node.value
    if item["type"] == "group":
        return "item" in item
    return item["type"] != "display" or "item" not in item


def _que_2(node: Node) -> bool:
    return not repeated(link_ids(node.value))


def link_ids(item: Json) -> list[str]:
    """The linkId of every item under a questionnaire or an item, in order."""
    found: list[str] = []
    for inner in item.get("item", ()):
        found += [inner["linkId"], *link_ids(inner)]
    return found


def _unless(types: tuple[str, ...], *keys: str) -> Any:
    return lambda node: node.value["type"] not in types or not any(k in node.value for k in keys)


def _que_5(node: Node) -> bool:
    return node.value["type"] in _WITH_OPTIONS or not {"answerOption", "answerValueSet"} & node.value.keys()


def _que_7(node: Node) -> bool:
    return node.value["operator"] != "exists" or "answerBoolean" in node.value


def _que_10(node: Node) -> bool:
    return node.value["type"] in _SIMPLE or "maxLength" not in node.value


def _que_13(node: Node) -> bool:
    return bool(node.value.get("repeats", False)) or len(node.value.get("initial", ())) <= 1


# --- RiskAssessment


def _ras_1(node: Node) -> bool:
    reach = node.value.get("probabilityRange")
    ends = [reach[end] for end in ("low", "high") if end in reach] if reach else []
    return all(e.get("code") == "%" and e.get("system") == UCUM and 0 <= e.get("value", 0) <= 100 for e in ends)


def _ras_2(node: Node) -> bool:
    value = node.value.get("probabilityDecimal")
    return value is None or 0 <= value <= 100


# --- others


def _inv_1(node: Node) -> bool:
    kinds = [value_of(node.value) is not None, "resource" in node.value, "part" in node.value]
    return sum(kinds) == 1


def _obs_7(node: Node) -> bool:
    code = node.value["code"].get("coding", [])
    same = [
        c for c in node.value.get("component", ()) if any(a == b for a in c["code"].get("coding", ()) for b in code)
    ]
    return not same or value_of(node.value) is None


def _neither_both(a: str, b: str) -> Any:
    return lambda node: not (a in node.value and b in node.value)


SPECIFIC: Final[tuple[Invariant, ...]] = (
    Invariant("bdl-1", ("Bundle",), "Only a search or a history has a total.",
              "total.empty() or (type = 'searchset') or (type = 'history')", _bdl_1),
    Invariant("bdl-2", ("Bundle",), "Only the entries of a search say how they were found.",
              "entry.search.empty() or (type = 'searchset')", _bdl_2),
    Invariant("bdl-3", ("Bundle",), "Entries of a transaction, batch or history have a request; others have none.",
              "entry.all(request.exists() = (%resource.type = 'batch' or %resource.type = 'transaction' or "
              "%resource.type = 'history'))",
              _bundled("batch", "transaction", "history", key="request", otherwise=True)),
    Invariant("bdl-4", ("Bundle",), "Entries of a response or history have a response; others have none.",
              "entry.all(response.exists() = (%resource.type = 'batch-response' or %resource.type = "
              "'transaction-response' or %resource.type = 'history'))",
              _bundled("batch-response", "transaction-response", "history", key="response", otherwise=True)),
    Invariant("bdl-5", ("Bundle.entry",), "An entry has a resource, unless it has a request or a response.",
              "resource.exists() or request.exists() or response.exists()", _bdl_5),
    Invariant("bdl-7", ("Bundle",), "A full address stands once, or its resources have different versions.",
              "(type = 'history') or entry.where(fullUrl.exists()).select(fullUrl&resource.meta.versionId)."
              "isDistinct()", _bdl_7),
    Invariant("bdl-8", ("Bundle.entry",), "A full address names no version.",
              "fullUrl.contains('/_history/').not()", _bdl_8),
    Invariant("bdl-9", ("Bundle",), "A document has an identifier with a system and a value.",
              "type = 'document' implies (identifier.system.exists() and identifier.value.exists())", _bdl_9),
    Invariant("bdl-10", ("Bundle",), "A document has a date.", "type = 'document' implies (timestamp.hasValue())",
              lambda n: not _document(n) or "timestamp" in n.value),
    Invariant("bdl-11", ("Bundle",), "A document begins with its composition.",
              "type = 'document' implies entry.first().resource.is(Composition)",
              lambda n: not _document(n) or _first(n) == "Composition"),
    Invariant("bdl-12", ("Bundle",), "A message begins with its header.",
              "type = 'message' implies entry.first().resource.is(MessageHeader)",
              lambda n: n.value["type"] != "message" or _first(n) == "MessageHeader"),
    Invariant("que-0", ("Questionnaire",), "A name can be used as one by a program.",
              "name.matches('[A-Z]([A-Za-z0-9_]){0,254}')", name_pattern),
    Invariant("que-1", ("Questionnaire.item",), "A group has items; a display has none.",
              "(type='group' implies item.empty().not()) and (type='display' implies item.empty())", _que_1),
    Invariant("que-2", ("Questionnaire",), "Each linkId stands once in a questionnaire.",
              "descendants().linkId.isDistinct()", _que_2),
    Invariant("que-3", ("Questionnaire.item",), "A display has no code.", "type!='display' or code.empty()",
              _unless(("display",), "code")),
    Invariant("que-4", ("Questionnaire.item",), "A question has options or a value set, not both.",
              "answerOption.empty() or answerValueSet.empty()", _neither_both("answerOption", "answerValueSet")),
    Invariant("que-5", ("Questionnaire.item",), "Only a question with values to choose from has options.",
              "(type ='choice' or type = 'open-choice' or type = 'decimal' or type = 'integer' or type = 'date' or "
              "type = 'dateTime' or type = 'time' or type = 'string' or type = 'quantity') or "
              "(answerValueSet.empty() and answerOption.empty())", _que_5),
    Invariant("que-6", ("Questionnaire.item",), "A display is neither required nor repeated.",
              "type!='display' or (required.empty() and repeats.empty())",
              _unless(("display",), "required", "repeats")),
    Invariant("que-7", ("Questionnaire.item.enableWhen",), "Whether an answer exists is true or false.",
              "operator = 'exists' implies (answer is Boolean)", _que_7),
    Invariant("que-8", ("Questionnaire.item",), "A group or display has no first value.",
              "(type!='group' and type!='display') or initial.empty()", _unless(("group", "display"), "initial")),
    Invariant("que-9", ("Questionnaire.item",), "A display is not read-only.", "type!='display' or readOnly.empty()",
              _unless(("display",), "readOnly")),
    Invariant("que-10", ("Questionnaire.item",), "Only a simple question has a greatest length.",
              "(type in ('boolean' | 'decimal' | 'integer' | 'string' | 'text' | 'url' | 'open-choice')) or "
              "maxLength.empty()", _que_10),
    Invariant("que-11", ("Questionnaire.item",), "A question with options says its first value among them.",
              "answerOption.empty() or initial.empty()", _neither_both("answerOption", "initial")),
    Invariant("que-12", ("Questionnaire.item",), "Several conditions say whether all or any of them count.",
              "enableWhen.count() > 1 implies enableBehavior.exists()",
              lambda n: len(n.value.get("enableWhen", ())) <= 1 or "enableBehavior" in n.value),
    Invariant("que-13", ("Questionnaire.item",), "Only a question that repeats has several first values.",
              "repeats=true or initial.count() <= 1", _que_13),
    Invariant("qrs-1", ("QuestionnaireResponse.item",), "Items stand below an item or below its answer, not both.",
              "(answer.exists() and item.exists()).not()", _neither_both("answer", "item")),
    Invariant("rqg-1", ("RequestGroup.action",), "An action has a resource or actions, not both and not neither.",
              "resource.exists() != action.exists()", lambda n: ("resource" in n.value) != ("action" in n.value)),
    Invariant("cpl-3", ("CarePlan.activity",), "An activity has a detail or a reference, not both.",
              "detail.empty() or reference.empty()", _neither_both("detail", "reference")),
    Invariant("prr-1", ("ServiceRequest",), "Details of an order need its code.",
              "orderDetail.empty() or code.exists()",
              lambda n: "orderDetail" not in n.value or "code" in n.value),
    Invariant("ras-1", ("RiskAssessment.prediction",), "The ends of a probability are percentages of at most 100.",
              "(low.empty() or ((low.code = '%') and (low.system = %ucum))) and (high.empty() or ((high.code = '%') "
              "and (high.system = %ucum)))", _ras_1,
              "The official expression is bound to Range and leaves out its own limit of 100."),
    Invariant("ras-2", ("RiskAssessment.prediction",), "A probability is a percentage: at least 0, at most 100.",
              "probability is decimal implies (probability as decimal) <= 100", _ras_2,
              "The official expression allows less than 0; validators patch it."),
    Invariant("sev-1", ("AuditEvent.entity",), "What an event is about has a name or a query, not both.",
              "name.empty() or query.empty()", _neither_both("name", "query")),
    Invariant("inv-1", ("Parameters.parameter",), "A parameter has one of value, resource and parts.",
              "(part.exists() and value.empty() and resource.empty()) or (part.empty() and (value.exists() xor "
              "resource.exists()))", _inv_1),
    Invariant("pdf-0", ("PlanDefinition",), "A name can be used as one by a program.",
              "name.matches('[A-Z]([A-Za-z0-9_]){0,254}')", name_pattern,
              "A warning in R4; an error here, for every name is one that we chose."),
    Invariant("adf-0", ("ActivityDefinition",), "A name can be used as one by a program.",
              "name.matches('[A-Z]([A-Za-z0-9_]){0,254}')", name_pattern, "As pdf-0."),
    Invariant("lib-0", ("Library",), "A name can be used as one by a program.",
              "name.matches('[A-Z]([A-Za-z0-9_]){0,254}')", name_pattern, "As pdf-0."),
    Invariant("obs-6", ("Observation",), "A value and a reason for its absence exclude each other.",
              "dataAbsentReason.empty() or value.empty()",
              lambda n: "dataAbsentReason" not in n.value or value_of(n.value) is None),
    Invariant("obs-7", ("Observation",), "A component does not say the value of its observation again.",
              "value.empty() or component.code.where(coding.intersect(%resource.code.coding).exists()).empty()",
              _obs_7),
    Invariant("pat-1", ("Patient.contact",), "A contact has a name, a way to be reached or an organization.",
              "name.exists() or telecom.exists() or address.exists() or organization.exists()",
              lambda n: bool({"name", "telecom", "address", "organization"} & n.value.keys())),
    Invariant("org-1", ("Organization",), "An organization has an identifier or a name.",
              "(identifier.count() + name.count()) > 0", lambda n: bool({"identifier", "name"} & n.value.keys())),
)  # fmt: skip
"""What holds of one resource or one part of it."""

INVARIANTS: Final = (*GENERAL, *SPECIFIC)
"""Every invariant that the gate knows."""
