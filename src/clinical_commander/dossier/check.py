"""The clinical lint: a dossier in, everything found that a clinician or an engineer should mend, in file order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import combinations
from pathlib import Path

from clinical_commander.dossier import library
from clinical_commander.dossier.complete import conditions_in, definition, expand
from clinical_commander.dossier.differential_check import check_differential
from clinical_commander.dossier.gaps import gaps
from clinical_commander.dossier.leaflet_check import check_leaflet
from clinical_commander.dossier.load import Reading, read_dossier, sorted_problems
from clinical_commander.dossier.model import Dossier, OrderedAnswer, Step, Trigger, Vignette
from clinical_commander.dossier.reach import can_hold
from clinical_commander.dossier.reader import Reader
from clinical_commander.dossier.vignettes import read_vignettes, trigger_states
from clinical_commander.errors import Mark, Problem
from clinical_commander.logic import ir

OPPOSITE = ({"start", "give", "perform"}, {"stop", "hold", "avoid"})
"""Verbs that pull in two directions when they have one target."""


def check_dossier(dossier: str | Path) -> list[Problem]:
    """All problems of a dossier, errors and warnings, sorted by place; none where nothing was found.

    Args:
        dossier: An installed dossier's id, or its folder.

    Returns:
        Beside what `load_dossier` raises: CC301 to CC311 figures that contradict each other (differential_check),
        CC411 fact under no input, CC430 phase that is never reached, CC431 input that nothing reads, CC432 trigger
        without its three vignettes, CC433 must_know that is not what the rules ask, CC435 fact that may lower without
        being exempt, CC436 route to a dossier that is not installed, CC439 gap in an ordered answer, CC440 block that
        nothing uses, CC441 input and phase disagree, CC442 hasty reassurance, CC443 trigger without severity, CC501
        no source, CC503 PMID of another year, CC504 not a DOI, CC505 not a PMID, CC506 judgement without reason,
        CC507 reviewed by nobody, CC444 pair of triggers not declared, CC445 opposite actions not declared, CC446 what
        holds back comes true as an alarm grows old, CC42x what is wrong with the leaflet.

    Raises:
        ReferenceProblem: CC417, no such dossier.
    """
    folder = library.find_dossier(dossier)
    reading = read_dossier(folder, installed=library.installed_ids(folder))
    if reading.dossier is None:
        return sorted_problems([*reading.problems, *reading.lints])
    return sorted_problems([*reading.lints, *lint(reading, reading.dossier)])


def lint(reading: Reading, dossier: Dossier) -> Iterator[Problem]:
    """What can be told only of a dossier that could be read."""
    catalogue = reading.files["catalogue/actions.yaml"]
    actions = Reader(catalogue, "", []).mapping("actions")
    vignettes, problems = read_vignettes(reading.folder, dossier, actions)
    yield from problems
    yield from _phases(reading, dossier)
    yield from _inputs(reading, dossier)
    yield from _must_know(reading, dossier)
    yield from _severities(reading, dossier)
    yield from _vignettes(reading, dossier, vignettes)
    yield from _reassurance(dossier)
    yield from _pairs(reading, dossier)
    yield from _opposites(reading, dossier)
    yield from _holds_back(dossier)
    yield from gaps(reading, dossier)
    if dossier.differential is not None:
        places = {id: reading.place("differential.yaml", "findings", id) for id in dossier.differential.findings}
        yield from check_differential(dossier, places)
    yield from check_leaflet(reading, dossier)


# --- the flow


def _phases(reading: Reading, dossier: Dossier) -> Iterator[Problem]:
    closed = ""
    for phase in dossier.phases:
        if closed:
            cause = f"phase `{phase.id}` is never reached: `{closed}` can never advance."
            yield Problem(
                "CC430", cause, f"Mend the `advance` of `{closed}`.", reading.place("phases.yaml", "phases", phase.id)
            )
            break
        if not can_hold(dossier, phase.advance.expr):
            closed = phase.id
    if closed and closed == dossier.phases[-1].id:
        cause = f"phase `{closed}`, the last, can never be complete."
        yield Problem("CC430", cause, "Mend its `advance`.", reading.place("phases.yaml", "phases", closed, "advance"))
    inputs_of = {phase.id: phase.inputs for phase in dossier.phases}
    for item in dossier.inputs.values():
        if item.phase and item.id not in inputs_of[item.phase]:
            cause = f"input `{item.id}` says phase {item.phase}, which does not list it."
            mend = f"Add it to the `inputs` of {item.phase} in phases.yaml, or name its phase."
            at = reading.place("dossier.yaml", "inputs", item.id, "phase")
            yield Problem("CC441", cause, mend, at, "error" if item.required else "warning")


def _inputs(reading: Reading, dossier: Dossier) -> Iterator[Problem]:
    answered = [item.answered_when for item in dossier.inputs.values() if item.answered_when]
    read: set[str] = set()
    for condition in conditions_in(dossier):
        if not any(condition is gate for gate in answered):
            read.update(ir.facts_of(condition.expr))
    if dossier.bleeding_source:
        read.add(dossier.bleeding_source.fact)
    for item in dossier.inputs.values():
        if not read.intersection(item.facts):
            mend = "Use one of its facts, or delete the input: a question without a use costs time."
            at = reading.place("dossier.yaml", "inputs", item.id)
            yield Problem("CC431", f"nothing reads the facts of input `{item.id}`.", mend, at, "warning")


# --- what must be known


def _must_know(reading: Reading, dossier: Dossier) -> Iterator[Problem]:
    tier = dossier.tier
    ends = [(value.when.expr, place > 0) for place, value in enumerate(tier.values)]
    yield from _declared(dossier, tier, "the tier", ends, reading.place("dossier.yaml", "tier", "must_know"))
    for trigger in dossier.triggers.values():
        at = reading.place("triggers.yaml", "triggers", trigger.id, "must_know")
        ends = [(trigger.when.expr, not trigger.reassures)]
        yield from _declared(dossier, trigger, f"trigger `{trigger.id}`", ends, at)


def _declared(
    dossier: Dossier, item: OrderedAnswer | Trigger, what: str, ends: list[tuple[ir.Expr, bool]], at: Mark
) -> Iterator[Problem]:
    """Whether must_know is what the rules ask for, and exempts what may lower.

    Args:
        dossier: For the rules that are named.
        item: Declares `must_know` and `exempts`.
        what: Its name in messages.
        ends: Its conditions, each with whether it raises (a lowest tier and a trigger that reassures lower).
        at: The place of `must_know`.
    """
    bare: dict[str, None] = {}
    lowering: dict[str, None] = {}
    for expr, raises in ends:
        _walk(dossier, expr, raises, item.exempts, bare, lowering)
    for fact in bare:
        if fact not in item.must_know:
            mend = f"Add it to `must_know`, or write `... IS TRUE` around `{fact}` if it may only raise."
            yield Problem("CC433", f"{what} needs `{fact}`, which is not in its must_know.", mend, at)
    for fact in item.must_know:
        if fact not in bare:
            mend = "Delete it, or use it without `IS TRUE`."
            yield Problem("CC433", f"{what} lists `{fact}` in must_know and settles without it.", mend, at)
    for fact in lowering:
        if fact not in item.must_know and fact not in item.exempts:
            cause = f"`{fact}` may lower {what} though it need not be known."
            yield Problem("CC435", cause, "Add it to `exempts` with the reason, or to `must_know`.", at)
    for name in item.exempts:
        if name not in lowering:
            yield Problem(
                "CC435", f"`{name}` is exempt and cannot lower {what}.", "Delete it from `exempts`.", at, "warning"
            )


def _walk(
    dossier: Dossier,
    expr: ir.Expr,
    raises: bool,
    exempts: Iterable[str],
    bare: dict[str, None],
    lowering: dict[str, None],
) -> None:
    """Collect the facts that stand bare, and those under IS TRUE where knowing them lowers (`raises` says which)."""
    match expr:
        case ir.IsTrue(ir.Named(_, name)) | ir.Named(_, name) if name in exempts:
            lowering.setdefault(name)
        case ir.IsTrue(item):
            if not raises:
                for inner in expand(dossier, [item]):
                    for fact in ir.facts_of(inner) if not inner.parts() else ():
                        lowering.setdefault(fact)
        case ir.Not(item):
            _walk(dossier, item, not raises, exempts, bare, lowering)
        case ir.Named() | ir.AnswerCode() | ir.ToolCode() | ir.ToolNumber():
            for part in definition(dossier, expr):
                _walk(dossier, part, raises, exempts, bare, lowering)
        case ir.FactTrue(fact) | ir.FactNumber(fact) | ir.FactCode(fact):
            bare.setdefault(fact)
        case _:
            for part in expr.parts():
                _walk(dossier, part, raises, exempts, bare, lowering)


# --- triggers and their examples


def _severities(reading: Reading, dossier: Dossier) -> Iterator[Problem]:
    for trigger in dossier.triggers.values():
        if not any(isinstance(c.expr, ir.Truth) and c.expr.value for c in trigger.severity.values()):
            cause = f"trigger `{trigger.id}` can fire without any severity."
            at = reading.place("triggers.yaml", "triggers", trigger.id, "severity")
            yield Problem("CC443", cause, 'Give its lowest severity `"TRUE"`.', at)


def _vignettes(reading: Reading, dossier: Dossier, vignettes: tuple[Vignette, ...]) -> Iterator[Problem]:
    wanted = {"fires": "fires", "quiet": "stays quiet", "cannot_exclude": "cannot be excluded"}
    for trigger in dossier.triggers:
        shown = trigger_states(vignettes, trigger)
        missing = [says for state, says in wanted.items() if state not in shown]
        if missing:
            cause = f"trigger `{trigger}` lacks a vignette in which it {', and one in which it '.join(missing)}."
            at = reading.place("triggers.yaml", "triggers", trigger)
            yield Problem("CC432", cause, "Add to cases/.", at)


def _reassurance(dossier: Dossier) -> Iterator[Problem]:
    for step in _steps(dossier):
        if step.action and dossier.actions[step.action].reassures and step.priority != "routine":
            cause = f"step `{step.path}` gives {step.action} the priority {step.priority}."
            mend = "Reassurance is `routine`: it waits for fresh values."
            yield Problem("CC442", cause, mend, step.when.at if step.when else Mark(_file_of(step)))


def _pairs(reading: Reading, dossier: Dossier) -> Iterator[Problem]:
    """Each two triggers that may fire together are declared compatible or governed by a rule, once."""
    if "catalogue/conflicts.yaml" not in reading.files:
        return
    declared = Counter(frozenset(p.between) for p in dossier.trigger_pairs)
    at = reading.place("catalogue/conflicts.yaml", "pairs")
    for pair in combinations(dossier.triggers, 2):
        times = declared[frozenset(pair)]
        if times != 1:
            cause = f"the triggers `{pair[0]}` and `{pair[1]}` are declared {times} times as a pair."
            yield Problem("CC444", cause, "Say once whether they agree or which conflict rule governs them.", at)


def _holds_back(dossier: Dossier) -> Iterator[Problem]:
    """What holds back must not come true because an alarm grew old: no NOT of IS TRUE there."""
    conditions = [s.unless for s in _steps(dossier) if s.unless is not None]
    conditions += [c.when for a in dossier.actions.values() for c in a.contraindications]
    conditions += [c.when for c in dossier.conflicts if c.withholds]
    for condition in dict.fromkeys(conditions):
        if any(isinstance(n, ir.Not) and isinstance(n.item, ir.IsTrue) for n in condition.expr.walk()):
            cause = f"`{condition.text}` holds back where something is not known: a stale alarm would be held back too."
            yield Problem("CC446", cause, "Write `NOT x` instead of `NOT (x IS TRUE)`.", condition.at)


def _opposites(reading: Reading, dossier: Dossier) -> Iterator[Problem]:
    """Two actions that pull one target in two directions stand in a conflict, or are declared to agree."""
    if "catalogue/conflicts.yaml" not in reading.files:
        return
    settled = {frozenset(a.actions) for a in dossier.agreeing_actions}
    sets = [{*c.actions, *c.withholds, *c.escalates} for c in dossier.conflicts]
    for a, b in combinations(dossier.actions.values(), 2):
        pulls = any(a.verb in x and b.verb in y for x, y in (OPPOSITE, OPPOSITE[::-1]))
        if a.target != b.target or not pulls or frozenset({a.id, b.id}) in settled:
            continue
        if not any({a.id, b.id} <= s for s in sets):
            cause = f"{a.id} ({a.verb}) and {b.id} ({b.verb}) pull `{a.target}` in two directions."
            at = reading.place("catalogue/conflicts.yaml", "conflicts")
            yield Problem("CC445", cause, "Add a conflict rule, or say under `agreeing_actions` why they agree.", at)


def _steps(dossier: Dossier) -> Iterator[Step]:
    for trigger in dossier.triggers.values():
        yield from _nested((*trigger.steps, *trigger.steps_if_possible))
    for pivot in dossier.pivots:
        yield from _nested(pivot.steps)
    for treatment in dossier.treatments:
        yield from _nested(treatment.steps)
    for playbook in dossier.playbooks.values():
        for row in playbook.rows:
            for steps in row.stages.values():
                yield from _nested(steps)


def _nested(steps: tuple[Step, ...]) -> Iterator[Step]:
    for step in steps:
        yield step
        yield from _nested(step.choose)


def _file_of(step: Step) -> str:
    first = step.path.partition(".")[0]
    return {"triggers": "triggers.yaml", "pivots": "pivots.yaml"}.get(first, "playbooks.yaml")
