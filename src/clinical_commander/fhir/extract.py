"""A QuestionnaireResponse in, the facts of a case out (`$extract`), as the plain data of a case file.

What is not known stays so: no answer, no fact. An answer that the questions do not offer is refused and never guessed;
units and codes are judged by the reader of cases, which reads what comes out here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from clinical_commander.dossier.model import Dossier, Fact
from clinical_commander.errors import CaseError, Mark, Problem, did_you_mean
from clinical_commander.fhir.datatypes import ASKED_UNKNOWN, OURS
from clinical_commander.fhir.populate import ABOVE, AT, BELOW, EARLIER, HIGH, LOW, ORIGIN, POSSIBLE, STATE
from clinical_commander.fhir.questionnaire import GROUP, NO, YES, YES_NO, codes_of, is_quantity
from clinical_commander.fhir.shape import shape
from clinical_commander.fhir.versions import canonical_url
from clinical_commander.fhir.walk import Json

UNKNOWN: Final = "unknown"
_SIGNS: Final[Mapping[str, str]] = {LOW: ">=", ABOVE: ">", HIGH: "<=", BELOW: "<"}


def extract(response: object, dossier: Dossier) -> dict[str, Any]:
    """The facts that a response tells, as in the `facts:` of a case file.

    Raises:
        CaseError: CC660, it is no QuestionnaireResponse of R4; CC661, it answers other questions; CC662, a linkId is
            no fact of the dossier; CC663, an answer that the question does not offer.
    """
    if not isinstance(response, dict) or response.get("resourceType") != "QuestionnaireResponse":
        raise CaseError(Problem("CC660", "this is no QuestionnaireResponse.", "Give one of FHIR R4."))
    wrong = [Problem("CC660", f"{f.rule}: {f.says}", "Write it as R4 has it.", Mark(f.path)) for f in shape(response)]
    if wrong:
        raise CaseError(wrong[:20])
    asked = str(response.get("questionnaire", ""))
    ours = canonical_url("questionnaire", dossier.id)
    if asked.partition("|")[0] != ours:
        cause = "it does not answer the questions of this dossier."
        raise CaseError(Problem("CC661", cause, f"Its `questionnaire` begins with `{ours}`."))
    reader = _Reader(dossier)
    facts = reader.facts(response)
    if reader.problems:
        raise CaseError(reader.problems)
    return facts


class _Reader:
    def __init__(self, dossier: Dossier) -> None:
        self.dossier = dossier
        self.problems: list[Problem] = []

    def refuse(self, code: str, at: str, cause: str, mend: str) -> None:
        self.problems.append(Problem(code, cause, mend, Mark(at)))

    def facts(self, response: Json) -> dict[str, Any]:
        found: dict[str, Any] = {}
        seen: set[str] = set()
        for item in _items(response):
            id = str(item["linkId"])
            fact = self.dossier.facts.get(id)
            if fact is None:
                if not id.startswith(GROUP):
                    mend = did_you_mean(id, self.dossier.facts) or "Use the linkIds of the questionnaire."
                    self.refuse("CC662", "linkId", f"`{id[:40]}` is no question of this dossier.", mend)
                continue
            if id in seen:
                self.refuse("CC663", id, "the question stands twice.", "Answer it once.")
                continue
            seen.add(id)
            statements = [s for s in self.statements(fact, item) if s is not None]
            if len(statements) == 1:
                found[id] = statements[0]
            elif statements:
                known = [s for s in statements if s != UNKNOWN]
                found[id] = known if len(known) != 1 else known[0]
        return found

    def statements(self, fact: Fact, item: Json) -> Iterator[Any]:
        for earlier in item.get("extension", ()):
            if earlier["url"] == _url(EARLIER):
                yield self.statement(fact, _unflattened(earlier))
        answers = item.get("answer", ())
        if len(answers) > 1:
            self.refuse("CC663", fact.id, "there are several answers.", "Give one; earlier ones go into `earlier`.")
            return
        for answer in answers:
            yield self.statement(fact, answer)

    def statement(self, fact: Fact, answer: Json) -> Any:
        beside = _beside(answer)
        value: Any
        if STATE in beside:
            value = {"state": beside[STATE][0]}
        else:
            value = self.value(fact, answer, beside)
            if value is None:
                return None
            if value == UNKNOWN:
                return UNKNOWN
            value = {"value": value}
        if AT in beside:
            value["at"] = beside[AT][0]
        if ORIGIN in beside:
            value["origin"] = beside[ORIGIN][0]
        return value["value"] if value.keys() == {"value"} else value

    def value(self, fact: Fact, answer: Json, beside: Mapping[str, list[Any]]) -> Any:
        key = next((k for k in answer if k.startswith("value")), None)
        if fact.kind in ("boolean", "code"):
            if key not in (None, "valueCoding"):
                return self.not_offered(fact, "Choose one of its codes.")
            return self.chosen(fact, answer.get("valueCoding"), beside)
        if beside.keys() & {LOW, ABOVE, HIGH, BELOW}:
            return _range(fact, beside)
        if key is None:
            return UNKNOWN
        given = answer[key]
        if key == "valueQuantity" and is_quantity(fact):
            return self.quantity(fact, given)
        if key in ("valueInteger", "valueDecimal") and not is_quantity(fact):
            return given
        return self.not_offered(fact, "Answer a quantity with a quantity and its unit, a pure number with a number.")

    def quantity(self, fact: Fact, given: Json) -> Any:
        unit = given.get("code") or given.get("unit")
        if "value" not in given or not unit:
            return self.not_offered(fact, "Write its value and its unit.")
        return " ".join(p for p in (given.get("comparator", ""), _text(given["value"]), str(unit)) if p)

    def chosen(self, fact: Fact, given: Json | None, beside: Mapping[str, list[Any]]) -> Any:
        possible = [c.get("code") for c in beside.get(POSSIBLE, ()) if c.get("system") == codes_of(fact)]
        if possible:
            return possible
        if given is None or (given.get("system"), given.get("code")) == ASKED_UNKNOWN:
            return UNKNOWN
        system, code = given.get("system"), given.get("code")
        if fact.kind == "boolean":
            if system == YES_NO and code in (YES, NO):
                return code == YES
        elif system == codes_of(fact) and code in fact.codes:
            return code
        return self.not_offered(fact, "Choose one of its codes, of the system the questionnaire names.")

    def not_offered(self, fact: Fact, mend: str) -> None:
        self.refuse("CC663", fact.id, "the answer is none that the question offers.", mend)


def _items(item: Json) -> Iterator[Json]:
    for inner in item.get("item", ()):
        yield inner
        yield from _items(inner)
    for answer in item.get("answer", ()):
        yield from _items(answer)


def _url(name: str) -> str:
    return f"{OURS}:extension:{name}"


def _beside(answer: Json) -> Mapping[str, list[Any]]:
    """The values of our extensions by their short name; a name may stand several times."""
    found: dict[str, list[Any]] = {}
    for one in answer.get("extension", ()):
        name = str(one["url"]).removeprefix(_url(""))
        value = next((v for k, v in one.items() if k.startswith("value")), None)
        if value is not None:
            found.setdefault(name, []).append(value)
    return found


def _unflattened(earlier: Json) -> Json:
    """The parts of an `earlier` extension as the answer they were."""
    answer: dict[str, Any] = {"extension": []}
    for part in earlier.get("extension", ()):
        value = {k: v for k, v in part.items() if k.startswith("value")}
        if part["url"] == "value":
            answer |= value
        else:
            answer["extension"].append({"url": _url(part["url"]), **value})
    return answer


def _range(fact: Fact, beside: Mapping[str, list[Any]]) -> str:
    """What is possible of a number, as a case writes it. Of two ends none is strict: a strict one is taken in."""
    unit = f" {fact.unit.code}" if is_quantity(fact) and fact.unit is not None else ""
    ends = {name: _text(beside[name][0]) for name in (LOW, ABOVE, HIGH, BELOW) if name in beside}
    if len(ends) == 1:
        ((name, end),) = ends.items()
        return f"{_SIGNS[name]} {end}{unit}"
    return f"{ends.get(LOW, ends.get(ABOVE))}..{ends.get(HIGH, ends.get(BELOW))}{unit}"


def _text(value: float) -> str:
    """A number as a case writes it: never with an exponent."""
    return format(Decimal(str(value)), "f")
