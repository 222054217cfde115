"""The pathway of a dossier: inputs, thresholds, rules, answers, triggers, phases, pivots; YAML in, typed parts out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from clinical_commander.dossier.catalogue import allowed_values
from clinical_commander.dossier.model import (
    AnswerValue,
    Ban,
    CardLine,
    CodeAnswer,
    Condition,
    EntryPoint,
    FollowUp,
    Input,
    Instead,
    MonitoringItem,
    Option,
    OrderedAnswer,
    Phase,
    Pivot,
    Question,
    Rule,
    Scope,
    Sibling,
    Side,
    Threshold,
    Trigger,
)
from clinical_commander.dossier.plan import Planner
from clinical_commander.dossier.reader import Reader
from clinical_commander.dossier.resolve import Resolver
from clinical_commander.dossier.source import Scalar
from clinical_commander.logic.check import Context

SEVERITIES = ("notice", "urgent", "critical")
CATEGORIES = ("demographic", "vital", "symptom", "history", "medication", "lab", "imaging", "monitoring", "safety")
VIA = ("none", "own_transport", "ambulance", "transfer")
MOST_MUST_KNOW = 8


# --- what it asks


def read_inputs(reader: Reader, resolver: Resolver, phases: Iterable[str]) -> dict[str, Input]:
    """`inputs:` of dossier.yaml. The phase of a group that belongs to none (`safety`) may be left out."""
    phase_ids = tuple(phases)
    inputs = {}
    for key, item in reader.named("inputs", "input"):
        phase = item.text_or("phase", "")
        if phase:
            resolver.known(phase, phase_ids, "phase", item.place("phase"))
        inputs[key.name] = Input(
            key.name,
            category=item.choice("category", CATEGORIES),
            required=item.boolean("required"),
            phase=phase,
            title=item.text("title"),
            rationale=item.text_or("rationale", ""),
            facts=resolver.fact_ids(item, "facts"),
            answered_when=resolver.condition_or_none(item.expression_or_none("answered_when"), Context.GATE),
            source_says=item.text_or("source_says", ""),
            source=resolver.source(item),
        )
        item.done()
    return inputs


def read_entry_points(reader: Reader, resolver: Resolver) -> dict[str, EntryPoint]:
    """`entry_points:` of dossier.yaml; what an entry point sets fills facts that are not stated."""
    entries = {}
    for key, item in reader.named("entry_points", "entry point"):
        sets: dict[str, str | bool] = {}
        for name, (fact_key, node) in item.mapping("sets").items():
            if resolver.known_fact(name, fact_key.at) and isinstance(node, Scalar):
                value = node.meaning if isinstance(node.meaning, bool) else node.value
                if allowed_values(node, resolver.facts[name], resolver, f"`{name}` of {item.what}") is not None:
                    sets[name] = value
        entries[key.name] = EntryPoint(
            key.name,
            item.text("title"),
            item.text_or("text", ""),
            sets,
            item.text_or("source_says", ""),
            resolver.source(item),
        )
        item.done()
    return entries


def read_questions(reader: Reader, resolver: Resolver) -> tuple[Question, ...]:
    """`questions:` of dossier.yaml, in their fixed order."""
    questions = []
    for id, item in reader.listed("questions", "question"):
        source = resolver.source(item)
        facts = resolver.fact_ids(item, "facts")
        answered_by = resolver.fact_ids(item, "answered_by")
        for fact in answered_by:
            resolver.known(fact, facts, f"fact of {item.what}", item.place("answered_by"))
        pause = resolver.condition_or_none(item.expression_or_none("pause_while"), Context.STEP)
        questions.append(Question(id, item.text("text"), facts, answered_by, pause, source.why, source))
        item.done()
    return tuple(questions)


def read_siblings(reader: Reader, resolver: Resolver) -> tuple[Sibling, ...]:
    """`siblings:` of dossier.yaml: what else it may be, and what settles it."""
    siblings = []
    for node in reader.sequence("siblings"):
        item = Reader(node, "a sibling", resolver.problems)
        dossier = item.text("dossier")
        if dossier and dossier not in resolver.installed:
            resolver.not_installed(dossier, item.place("dossier"))
        siblings.append(
            Sibling(
                dossier,
                item.text("title"),
                item.text("for"),
                item.text("against"),
                item.text("settles"),
                item.text_or("handover", ""),
                dossier in resolver.installed,
                resolver.source(item),
            )
        )
        item.done()
    return tuple(siblings)


def read_side(reader: Reader, resolver: Resolver) -> Side | None:
    """`side:` of dossier.yaml: the fact that names a side of the patient, and when it is certain enough to be told."""
    item = reader.reader_or_none("side", "the side")
    if item is None:
        return None
    fact = item.text("fact")
    codes = resolver.facts[fact].codes if resolver.known_fact(fact, item.place("fact")) else {}
    opposite = {}
    for one, (key, other) in item.mapping("opposite").items():
        value = other.value if isinstance(other, Scalar) else ""
        if resolver.known(one, codes, f"code of `{fact}`", key.at) and resolver.known(value, codes, "code", other.at):
            opposite[one] = value
    side = Side(fact, resolver.condition(item.expression("confirmed")), opposite)
    item.done()
    return side


# --- what it decides


def read_thresholds(reader: Reader, resolver: Resolver) -> dict[str, Threshold]:
    """`thresholds:` of thresholds.yaml: every clinical cut-off by name."""
    thresholds = {}
    for key, item in reader.named("thresholds", "threshold"):
        text = item.expression("value")
        found = resolver.exact(text, f"the value of {item.what}")
        says = item.text_or("says", key.name.replace("_", " "))
        caution = item.choice("caution", ("low", "high"), "")
        source = resolver.source(item, needed=True)
        item.done()
        if found and text:
            place = text.mark(0, len(text.value))
            thresholds[key.name] = Threshold(key.name, text.value, found[0], found[1], says, caution, source, place)
    return thresholds


def read_rules(reader: Reader, resolver: Resolver) -> dict[str, Rule]:
    """`rules:` of rules.yaml: conditions that have a name."""
    rules = {}
    for key, item in reader.named("rules", "rule"):
        rules[key.name] = Rule(
            key.name,
            resolver.condition(item.expression("when")),
            item.text("says"),
            item.text_or("says_not", ""),
            resolver.source(item, needed=True),
        )
        item.done()
    return rules


def read_ordered(reader: Reader, key: str, resolver: Resolver) -> OrderedAnswer:
    """`tier:` or `disposition:` of dossier.yaml; its values from the lowest to the highest."""
    item = reader.reader(key, f"the {key}")
    remembers, stated_by = _remembers(item, resolver)
    values = tuple(_answer_value(name.name, value, resolver) for name, value in item.named("values", f"{key} value"))
    if len(values) < 2 and not item.broken:
        item.problem("CC402", f"{item.what} has fewer than two values.", "Add `values:`, the lowest first.")
    answer = OrderedAnswer(
        key,
        values,
        must_know=resolver.fact_ids(item, "must_know"),
        exempts=_exempts(item, resolver),
        remembers=remembers,
        stated_by=stated_by,
    )
    resolver.source(item)
    _at_most(answer.must_know, item)
    item.done()
    return answer


def _answer_value(id: str, value: Reader, resolver: Resolver) -> AnswerValue:
    source = resolver.source(value, needed=True)
    found = AnswerValue(
        id,
        resolver.condition(value.expression("when")),
        value.text("title"),
        value.text_or("text", ""),
        within=_options(value, "within", (), resolver),
        via=_options(value, "via", VIA, resolver),
        instead=_instead(value, resolver),
        source=source,
    )
    value.done()
    return found


def _options(value: Reader, key: str, allowed: tuple[str, ...], resolver: Resolver) -> tuple[Option, ...]:
    """The rows of a table; the last, and only the last, has no condition."""
    nodes = value.sequence(key)
    options = []
    for number, node in enumerate(nodes, 1):
        row = Reader(node, f"row {number} of `{key}` of {value.what}", resolver.problems)
        when = resolver.condition_or_none(row.expression_or_none("when"), Context.STEP)
        if (when is None) != (number == len(nodes)):
            mend = "Add `when:`, or move it to the end." if when is None else "Add a last row without `when`."
            row.problem("CC402", f"{row.what} {'has no' if when is None else 'is the last and has a'} `when`.", mend)
        options.append(
            Option(row.choice("value", allowed) if allowed else row.text("value"), when, row.text_or("text", ""))
        )
        resolver.source(row)
        row.done()
    return tuple(options)


def _instead(item: Reader, resolver: Resolver) -> tuple[Instead, ...]:
    """The rows of `instead:`, each a condition and the text that stands for the usual one while it must hold."""
    rows = []
    for number, node in enumerate(item.sequence("instead"), 1):
        row = Reader(node, f"row {number} of `instead` of {item.what}", resolver.problems)
        rows.append(Instead(resolver.condition(row.expression("when"), Context.STEP), row.text("text")))
        resolver.source(row)
        row.done()
    return tuple(rows)


def _remembers(item: Reader, resolver: Resolver) -> tuple[tuple[str, str] | None, str | None]:
    memory = item.reader_or_none("remembers", f"`remembers` of {item.what}")
    if memory is None:
        return None, None
    value, fact, stated = memory.text("value"), memory.text("fact"), memory.text_or_none("stated_by")
    resolver.known(value, item.mapping("values"), "value", memory.place("value"))
    resolver.known_fact(fact, memory.place("fact"))
    if stated is not None:
        resolver.known_fact(stated, memory.place("stated_by"))
    memory.done()
    return (value, fact), stated


def _exempts(item: Reader, resolver: Resolver) -> dict[str, str]:
    """Facts, or rules and triggers by name, that may lower an answer without being must_know; each with its reason."""
    exempts = {}
    for name, (key, node) in item.mapping("exempts").items():
        if name not in resolver.scope.names:
            resolver.known_fact(name, key.at)
        exempts[name] = node.value if isinstance(node, Scalar) else ""
        if not exempts[name].strip():
            item.problem(
                "CC407", f"`{name}` is exempt from must_know without a reason.", "Write why it may lower.", key.at
            )
    return exempts


def _at_most(must_know: tuple[str, ...], item: Reader) -> None:
    if len(must_know) > MOST_MUST_KNOW:
        cause = (
            f"{item.what} must know {len(must_know)} facts; at most {MOST_MUST_KNOW}, or it never settles at a bedside."
        )
        item.problem(
            "CC434", cause, "Let the others enter as `... IS TRUE`: they can only raise.", item.place("must_know")
        )


def read_code_answer(reader: Reader, key: str, resolver: Resolver) -> CodeAnswer | None:
    """`bleeding_source:` of dossier.yaml: an answer that repeats a code fact."""
    item = reader.reader_or_none(key, f"the {key}")
    if item is None:
        return None
    fact = item.text("fact")
    codes = resolver.facts[fact].codes if resolver.known_fact(fact, item.place("fact")) else {}
    values = tuple(s.value for s in item.scalars("values") if resolver.known(s.value, codes, f"code of `{fact}`", s.at))
    reads = Reader(item.node_or_none("partial"), "`partial`", resolver.problems) if item.has("partial") else None
    partial = {code: reads.texts(code) for code in reads.items} if reads else {}
    for code in set(codes) - set(values) - set(partial):
        item.problem(
            "CC402",
            f"{item.what} does not say what the code `{code}` of `{fact}` means.",
            "Add it to `values` or `partial`.",
        )
    resolver.source(item)
    item.done()
    return CodeAnswer(key, fact, values, partial)


def read_triggers(reader: Reader, resolver: Resolver, planner: Planner) -> dict[str, Trigger]:
    """`triggers:` of triggers.yaml."""
    return {key.name: _trigger(key.name, item, resolver, planner) for key, item in reader.named("triggers", "trigger")}


def _trigger(id: str, item: Reader, resolver: Resolver, planner: Planner) -> Trigger:
    source = resolver.source(item, needed=True)
    severities = item.reader("severity", f"the severity of {item.what}")
    severity: dict[str, Condition] = {}
    for level in SEVERITIES:
        text = severities.expression_or_none(level)
        if text is not None:
            severity[level] = resolver.condition(text)
    severities.done()
    if not severity and not severities.broken:
        severities.problem("CC402", f"{item.what} has no severity.", 'Add `severity: {notice: "TRUE"}`, or higher.')
    trigger = Trigger(
        id,
        item.text("title"),
        resolver.condition(item.expression("when")),
        severity,
        item.text("text"),
        item.text("cannot_exclude_text"),
        item.text_or("quiet_text", ""),
        must_know=resolver.fact_ids(item, "must_know"),
        exempts=_exempts(item, resolver),
        reassures=item.boolean_or("reassures", False),
        shown_first=item.boolean_or("shown_first", False),
        steps=planner.steps(item.sequence("steps"), f"triggers.{id}.steps", source),
        steps_if_possible=planner.steps(item.sequence("steps_if_possible"), f"triggers.{id}.steps_if_possible", source),
        route=resolver.route(item.reader_or_none("route", f"the route of {item.what}")),
        instead=_instead(item, resolver),
        source_says=item.text_or("source_says", ""),
        source=source,
    )
    _at_most(trigger.must_know, item)
    item.done()
    return trigger


def read_phases(reader: Reader, resolver: Resolver, inputs: Mapping[str, Input]) -> tuple[Phase, ...]:
    """`phases:` of phases.yaml, in the order of the flow."""
    phases = []
    for id, item in reader.listed("phases", "phase"):
        named = tuple(s.value for s in item.scalars("inputs") if resolver.known(s.value, inputs, "input", s.at))
        phases.append(
            Phase(
                id,
                item.text("title"),
                item.text_or("text", ""),
                named,
                resolver.action_ids_of(item, "actions"),
                resolver.condition(item.expression("advance"), Context.GATE),
                item.text_or("advance_says", ""),
                item.text_or("source_says", ""),
                resolver.source(item),
            )
        )
        item.done()
    return tuple(phases)


def read_pivots(reader: Reader, resolver: Resolver, planner: Planner) -> tuple[Pivot, ...]:
    """`pivots:` of pivots.yaml: look-alikes without a trigger of their own."""
    pivots = []
    for id, item in reader.listed("pivots", "pivot"):
        source = resolver.source(item, needed=True)
        pivots.append(
            Pivot(
                id,
                item.text("title"),
                resolver.condition(item.expression("when"), Context.STEP),
                item.text_or("text", ""),
                planner.steps(item.sequence("steps"), f"pivots.{id}.steps", source),
                resolver.route(item.reader_or_none("route", f"the route of {item.what}")),
                source,
            )
        )
        item.text_or("source_says", "")
        item.done()
    return tuple(pivots)


# --- what it watches, and what it must never say


def read_scope(reader: Reader, resolver: Resolver) -> Scope:
    """`scope:` of dossier.yaml."""
    item = reader.reader("scope", "the scope")
    scope = Scope(
        resolver.condition(item.expression("when")),
        item.text("out_text"),
        item.text("unknown_text"),
        resolver.source(item),
    )
    item.text_or("out_keeps", "")
    item.done()
    return scope


def read_monitoring(reader: Reader, resolver: Resolver) -> tuple[tuple[MonitoringItem, ...], tuple[FollowUp, ...]]:
    """`monitoring:` and `followup:` of monitoring.yaml."""
    monitoring, followup = [], []
    for id, item in reader.listed("monitoring", "monitoring item"):
        monitoring.append(
            MonitoringItem(
                id,
                item.text("title"),
                resolver.condition(item.expression("when"), Context.STEP),
                item.text("text"),
                resolver.fact_ids(item, "facts"),
                resolver.duration(item, "every"),
                item.text_or("until", ""),
                resolver.action_id(item, "action"),
                resolver.source(item),
            )
        )
        item.done()
    for id, item in reader.listed("followup", "follow-up"):
        followup.append(
            FollowUp(
                id,
                resolver.condition(item.expression("when"), Context.STEP),
                resolver.action_id(item, "action"),
                item.text_or("within", ""),
                item.text("text"),
                resolver.source(item),
            )
        )
        item.done()
    return tuple(monitoring), tuple(followup)


def read_safety(reader: Reader, resolver: Resolver) -> tuple[str, tuple[CardLine, ...], tuple[Ban, ...]]:
    """safety.yaml: title and lines of the emergency card, and the phrases that must not be said."""
    card = reader.reader("emergency_card", "the emergency card")
    title = card.text("title")
    card_source = resolver.source(card)
    lines = []
    for number, node in enumerate(card.sequence("lines"), 1):
        line = Reader(node, f"line {number} of the emergency card", resolver.problems)
        lines.append(CardLine(line.text("text"), resolver.source(line, inherited=card_source)))
        line.done()
    card.done()
    bans = []
    for id, item in reader.listed("bans", "ban"):
        source = resolver.source(item)
        when = resolver.condition_or_none(item.expression_or_none("while"), Context.STEP)
        bans.append(Ban(id, item.texts("phrases"), when, item.texts_or("allowed"), source.why))
        item.done()
    reader.done()
    return title, tuple(lines), tuple(bans)
