"""A dossier in, the readable page out: what it asks, decides and advises, in words, with the source of each line."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import groupby

from clinical_commander.dossier.model import (
    Condition,
    Dossier,
    Input,
    Instead,
    Option,
    OrderedAnswer,
    Route,
    Source,
    Step,
    Trigger,
)
from clinical_commander.render.citation import write_citation
from clinical_commander.render.layout import Page
from clinical_commander.render.words import Words, inside

PARTS = (
    "head", "scope", "entry_points", "inputs", "questions", "tier", "disposition", "phases", "triggers", "pivots",
    "playbooks", "treatments", "blocks", "monitoring", "followup", "siblings", "conflicts", "rules", "thresholds",
    "freshness", "tools", "emergency_card", "sources",
)  # fmt: skip
"""The parts of the page, in order."""


def dossier_page(
    dossier: Dossier, width: int = 100, colour: bool = False, unicode: bool = True, parts: Collection[str] = PARTS
) -> str:
    """The dossier as a page of text, or some of its `PARTS`; the other arguments are those of `assessment_text`."""
    page = Page(width, colour=colour, unicode=unicode)
    DossierPage(dossier, Words(dossier), page).write(parts)
    return str(page)


class DossierPage:
    """Writes a dossier part by part. Where something with a name begins, the page is told (`mark`)."""

    def __init__(self, dossier: Dossier, words: Words, page: Page) -> None:
        self.d, self.words, self.page = dossier, words, page
        self.found_blocks: dict[
            str, tuple[Sequence[Step], int, int]
        ] = {}  # name -> steps, guards told, parts of the path

    def write(self, parts: Collection[str]) -> None:
        """The parts that are wanted, in their order; the watermark always."""
        self.page.text(self.d.watermark.upper(), tint="watermark")
        for part in PARTS:
            shown, self.page.lines = self.page.lines, []
            getattr(self, part)()  # also where it is not wanted: the blocks are found on the way
            self.page.lines = [*shown, *self.page.lines] if part in parts else shown

    def section(self, key: str) -> None:
        self.page.heading(self.words.heading(key))

    def source(self, source: Source, indent: int = 6) -> None:
        """Where a line comes from: its citations, its basis, and why it was judged so."""
        words = self.words
        parts = [f"{words.say('source')}: {', '.join(source.cite)}"] if source.cite else []
        parts += [f"{words.say('basis')} {', '.join(source.basis)}"] if source.basis else []
        if parts:
            self.page.text("; ".join(parts), indent, "quiet")
        if source.why:
            self.page.text(f"{words.heading('why')}: {source.why}", indent, "quiet")

    def said(self, source_says: str, indent: int = 6) -> None:
        """The claim of the founding document, where the content corrects or repeats it."""
        if source_says:
            self.page.text(f"{self.words.say('source_says')}: “{source_says}”", indent, "quiet")

    def condition(self, key: str, condition: Condition | None, indent: int = 6) -> None:
        if condition is not None:
            self.page.pair(self.words.say(key), self.words.clause(condition), indent=indent)

    def code(self, condition: Condition | None, indent: int = 6) -> None:
        """A condition as it is written. Paper has its words alone."""

    # -- parts

    def head(self) -> None:
        d, words, page = self.d, self.words, self.page
        page.title(d.title)
        page.row([f"{d.id} {d.version}", words.name("channel", d.channel), words.name("review", d.review)], indent=0)
        page.blank()
        page.text(d.summary)
        page.blank()
        page.text(d.intended_use)
        page.blank()
        page.row([f"{words.say('basis')} {key}: {text}" for key, text in d.words.get("basis", {}).items()], indent=0)

    def scope(self) -> None:
        d, page = self.d, self.page
        self.section("scope")
        page.text(self.words.clause(d.scope.when), 2)
        page.item(d.scope.out_text)
        page.item(d.scope.unknown_text)
        self.source(d.scope.source, 4)

    def entry_points(self) -> None:
        self.section("entry_points")
        for entry in self.d.entry_points.values():
            self.page.mark("entry", entry.id)
            self.page.item(f"{entry.title} ({entry.id}). {entry.text}")
            self.said(entry.source_says, 4)
            self.source(entry.source, 4)

    def inputs(self) -> None:
        words, page = self.words, self.page
        self.section("inputs")
        for category in dict.fromkeys(i.category for i in self.d.inputs.values()):
            page.blank()
            page.text(words.name("category", category).upper(), 2, "strong")
            for given in self.d.inputs.values():
                if given.category == category:
                    self.input(given)

    def input(self, given: Input) -> None:
        """One input with its facts, and how each may be stated."""
        words, page = self.words, self.page
        page.mark("input", given.id)
        required = words.say("required" if given.required else "optional")
        page.item(f"{given.title} ({given.id}), {required}, {self.phase_title(given.phase)}", tint="strong")
        page.text(given.rationale, 4)
        for name in given.facts:
            page.pair(name, self.fact(name), indent=6)
        self.said(given.source_says, 4)
        self.source(given.source, 4)

    def fact(self, name: str) -> str:
        """What a fact is and how it is stated."""
        fact, words = self.d.facts[name], self.words
        if fact.kind == "boolean":
            how = "true, false"
        elif fact.kind == "code":
            how = ", ".join(f"{code} ({label})" for code, label in fact.codes.items())
        else:
            ends = [words.vocabulary.quantity(x, fact.unit.code if fact.unit else "1") for x in fact.range or ()]
            how = words.say("range", *ends) if ends else ""
        return f"{fact.label}; {how}" if how else fact.label

    def phase_title(self, phase: str) -> str:
        return next((p.title for p in self.d.phases if p.id == phase), phase)

    def questions(self) -> None:
        self.section("ask")
        for number, question in enumerate(self.d.questions, 1):
            self.page.mark("question", question.id)
            self.page.item(f"{number}. {question.text}", note=question.why)

    def tier(self) -> None:
        d, words, page = self.d, self.words, self.page
        self.section("tier")
        page.pair(words.say("must_know"), words.labels(d.tier.must_know))
        for name, why in d.tier.exempts.items():
            page.pair(words.say("may_lower", words.label(name)), why)
        self.ordered(d.tier)

    def disposition(self) -> None:
        self.section("disposition")
        self.ordered(self.d.disposition)

    def ordered(self, answer: OrderedAnswer) -> None:
        """The values from the highest down, each with its own condition."""
        page = self.page
        for value in reversed(answer.values):
            page.mark(answer.id, value.id)
            page.item(f"{value.title} ({value.id})", tint="strong")
            self.condition("when", value.when, 4)
            if value.text:
                page.text(value.text, 4)
            self.instead(value.instead, 4)
            self.options("within", value.within)
            self.options("via", value.via)
            self.source(value.source, 4)

    def instead(self, rows: Sequence[Instead], indent: int) -> None:
        """What is said in place of a text, and when."""
        for row in rows:
            self.page.item(f"{self.words.say('when')} {self.words.clause(row.when)}: {row.text}", indent=indent)

    def options(self, key: str, options: Sequence[Option]) -> None:
        words = self.words
        for option in options:
            shown = words.name("via", option.value) if key == "via" else option.value
            guard = f" ({words.say('when')} {words.clause(option.when)})" if option.when else ""
            self.page.item(f"{words.say(key)} {shown}{guard}. {option.text}", indent=4)

    def phases(self) -> None:
        self.section("phases")
        for number, phase in enumerate(self.d.phases, 1):
            self.page.mark("phase", phase.id)
            self.page.item(f"{number}. {phase.title} ({phase.id})", tint="strong")
            self.page.text(phase.text, 4)
            if phase.inputs:
                titles = (inside(self.d.inputs[i].title) if i in self.d.inputs else i for i in phase.inputs)
                self.page.pair(self.words.say("inputs"), ", ".join(titles), indent=4)
            if phase.actions:
                self.page.pair(
                    self.words.say("actions"), ", ".join(self.action_label(a) for a in phase.actions), indent=4
                )
            self.page.pair(
                self.words.say("done_when"), phase.advance_says or self.words.clause(phase.advance), indent=4
            )
            self.code(phase.advance, 4)
            self.page.refer("input", phase.inputs)
            self.page.refer("action", phase.actions)
            self.said(phase.source_says, 4)
            self.source(phase.source, 4)

    def action_label(self, id: str) -> str:
        action = self.d.actions.get(id)
        return inside(action.label) if action else id

    def triggers(self) -> None:
        words, page = self.words, self.page
        self.section("alarms")
        for trigger in self.d.triggers.values():
            self.trigger(trigger)
        page.blank()
        page.text(words.say("triggers_note"), 2, "quiet")

    def trigger(self, trigger: Trigger) -> None:
        """One trigger: when it fires, how grave it is, what it says and does."""
        words, page = self.words, self.page
        page.blank()
        page.mark("trigger", trigger.id)
        page.item(f"{trigger.title} ({trigger.id})", "alarm", tint="strong")
        self.condition("when", trigger.when)
        for severity, condition in trigger.severity.items():
            page.pair(words.name("severity", severity), words.clause(condition), indent=6)
        if trigger.must_know:
            page.pair(words.say("must_know"), words.labels(trigger.must_know), indent=6)
        for name, why in trigger.exempts.items():
            page.pair(words.say("may_lower", words.label(name)), why, indent=6)
        for state, text in (
            ("fires", trigger.text), ("cannot_exclude", trigger.cannot_exclude_text), ("quiet", trigger.quiet_text)
        ):  # fmt: skip
            if text:
                page.pair(words.name("trigger_state", state), text, indent=6)
            if state == "fires":
                self.instead(trigger.instead, 8)
        self.steps(trigger.steps, 6)
        if trigger.steps_if_possible:
            page.pair(words.name("trigger_state", "cannot_exclude"), words.say("then_already"), indent=6)
            self.steps(trigger.steps_if_possible, 6)
        self.route(trigger.route)
        self.said(trigger.source_says)
        self.source(trigger.source)

    def route(self, route: Route | None, indent: int = 6) -> None:
        if route is None:
            return
        missing = "" if route.installed or route.dossier is None else f" [{self.words.say('not_installed')}]"
        unless = f" ({self.words.say('unless')} {self.words.clause(route.unless)})" if route.unless else ""
        text = f"{route.dossier or route.external}{missing}{unless}. {route.handover}"
        self.page.pair(self.words.heading("routes"), text, indent=indent)

    def steps(self, steps: Sequence[Step], indent: int, told: int = 0, start: int | None = None) -> None:
        """Steps with their guards in words; a block is named where it is used and written out once, further down.

        Args:
            steps: A list of steps as content has it, blocks written out.
            indent: Columns to the left of the signs.
            told: How many of the outer guards the reader has been told already.
            start: How many parts of a step's path name the list; found from the first path where not given.
        """
        for inner, group in groupby(steps, key=lambda s: _block_of(s, start)):
            found = list(group)
            if inner is None:
                for step in found:
                    self.step(step, indent, told)
                continue
            number, block = inner
            shared = _shared_guards(found)
            self.found_blocks.setdefault(block, (found, shared, number + 1))
            guards = self.guards(found[0].guards[told:shared])
            self.page.item(self.words.say("use_block", block) + (f" {guards}" if guards else ""), "item", indent)
            self.page.refer("block", (block,))

    def step(self, step: Step, indent: int, told: int) -> None:
        """One step: what, how soon, who, and under which conditions."""
        words, page = self.words, self.page
        guards = self.guards((*step.guards[told:], *([step.when] if step.when else [])))
        if step.choose:
            page.item(f"{words.say('one_of')} {guards}".rstrip(), "item", indent)
            for option in step.choose:
                self.step(option, indent + 4, 0)
            return
        text = step.text or step.do or (self.d.actions[step.action].label if step.action else "")
        notes = [words.name("priority", step.priority)] if step.priority else []
        notes += [words.say("within", step.within)] if step.within else []
        notes += [step.who] if step.who else []
        page.item(f"{text.rstrip('.')} ({', '.join(notes)})." if notes else text, "do", indent)
        page.refer("action", (step.action,) if step.action else ())
        page.refer("citation", step.source.cite)
        if guards:
            page.text(guards, indent + 2, "quiet")
        if step.unless is not None:
            unknown = words.say(f"if_unknown_{step.if_unknown}") if step.if_unknown else ""
            page.text(f"{words.say('unless')} {words.clause(step.unless)}. {unknown}", indent + 2, "quiet")

    def guards(self, guards: Iterable[Condition]) -> str:
        """Conditions that must all hold, in words; empty where there is none."""
        clauses = [self.words.clause(g) for g in guards if g.text != "TRUE"]
        joint = f"; {self.words.name('prose', 'and')} "
        return f"{self.words.say('when')} {joint.join(clauses)}" if clauses else ""

    def blocks(self) -> None:
        """Each block once, with the blocks that it uses."""
        done: set[str] = set()
        while waiting := [name for name in self.found_blocks if name not in done]:
            if not done:
                self.section("blocks")
            for name in waiting:
                done.add(name)
                steps, told, start = self.found_blocks[name]
                self.page.mark("block", name)
                self.page.text(f"{name}:", 2, "strong")
                self.steps(steps, 4, told, start)

    def pivots(self) -> None:
        if self.d.pivots:
            self.section("pivots")
        for pivot in self.d.pivots:
            self.page.mark("pivot", pivot.id)
            self.page.item(f"{pivot.title} ({pivot.id})", tint="strong")
            self.condition("when", pivot.when, 4)
            self.page.text(pivot.text, 4)
            self.steps(pivot.steps, 4)
            self.route(pivot.route, 4)
            self.source(pivot.source, 4)

    def playbooks(self) -> None:
        words, page = self.words, self.page
        for playbook in self.d.playbooks.values():
            page.heading(f"{words.heading('plan')}: {playbook.title}")
            page.mark("playbook", playbook.setting)
            page.text(playbook.text, 2)
            for row in playbook.rows:
                page.blank()
                page.text(f"{words.say('row')} {row.id}: {words.clause(row.when)}", 2, "strong")
                self.code(row.when, 4)
                for stage, steps in row.stages.items():
                    if steps:
                        page.text(words.name("stage", stage) + ":", 4, "strong")
                        self.steps(steps, 6, 1)  # the row's own guard stands above

    def treatments(self) -> None:
        page = self.page
        if self.d.treatments:
            self.section("treatments")
        for treatment in self.d.treatments:
            page.mark("treatment", treatment.id)
            page.item(treatment.title, tint="strong")
            self.condition("when", treatment.when, 4)
            self.steps(treatment.steps, 4)
            self.source(treatment.source, 4)

    def monitoring(self) -> None:
        words, page = self.words, self.page
        if self.d.monitoring:
            self.section("monitoring")
        for item in self.d.monitoring:
            page.mark("monitoring", item.id)
            page.item(f"{item.title}: {item.text}")
            self.condition("when", item.when, 4)
            for key, text in (("every", item.every), ("until", item.until)):
                if text:
                    page.pair(words.say(key), text, indent=4)
            self.source(item.source, 4)

    def followup(self) -> None:
        words, page = self.words, self.page
        if self.d.followup:
            self.section("followup")
        for follow in self.d.followup:
            page.mark("followup", follow.id)
            page.item(f"{follow.text} ({words.say('within', follow.within)})" if follow.within else follow.text)
            self.condition("when", follow.when, 4)
            self.source(follow.source, 4)

    def siblings(self) -> None:
        words, page = self.words, self.page
        if self.d.siblings:
            self.section("siblings")
        for sibling in self.d.siblings:
            page.mark("sibling", sibling.dossier)
            missing = "" if sibling.installed else f" [{words.say('not_installed')}]"
            page.item(f"{sibling.title} ({sibling.dossier}){missing}", tint="strong")
            for key in ("speaks_for", "speaks_against", "settles", "handover"):
                page.pair(words.say(key), getattr(sibling, key), indent=4)
            self.source(sibling.source, 4)

    def conflicts(self) -> None:
        if self.d.conflicts:
            self.section("conflicts")
        for conflict in self.d.conflicts:
            self.page.mark("conflict", conflict.id)
            self.page.item(conflict.text, "alarm")
            self.condition("when", conflict.when, 4)
            for side in conflict.sides:
                self.page.item(side, indent=6)
            if conflict.resolution:
                self.page.text(conflict.resolution, 4)
            self.source(conflict.source, 4)

    def rules(self) -> None:
        page = self.page
        self.section("rules")
        for rule in self.d.rules.values():
            page.mark("rule", rule.id)
            page.item(f"{rule.says} ({rule.id})", tint="strong")
            self.condition("when", rule.when, 4)
            self.source(rule.source, 4)

    def thresholds(self) -> None:
        page = self.page
        self.section("thresholds")
        for threshold in self.d.thresholds.values():
            page.mark("threshold", threshold.id)
            page.item(f"{threshold.says}: {threshold.text} ({threshold.id})", tint="strong")
            self.source(threshold.source, 4)

    def freshness(self) -> None:
        page = self.page
        if any(self.d.freshness.values()):
            self.section("freshness")
        for name, windows in self.d.freshness.items():
            if windows:
                page.pair(name, ", ".join(f"{self.place(place)} {_hours(h)}" for place, h in windows.items()))

    def place(self, name: str) -> str:
        known: Mapping[str, str] = self.d.words.get("setting", {})
        return known.get(name, name)

    def tools(self) -> None:
        words, page = self.words, self.page
        if self.d.tools:
            self.section("tools")
        for tool in self.d.tools.values():
            page.mark("tool", tool.id)
            page.item(f"{tool.title} ({tool.id})", tint="strong")
            self.condition("applies_when", tool.applies_when, 4)
            if tool.not_applicable:
                page.text(tool.not_applicable, 4)
            for row in tool.rows:
                page.item(f"{tool.values.get(row.value, row.value)}: {words.clause(row.when)}. {row.text}", indent=4)
            self.source(tool.source, 4)

    def emergency_card(self) -> None:
        self.page.heading(self.d.emergency_title or self.words.heading("emergency_card"))
        for line in self.d.emergency_card:
            self.page.item(line.text)
            self.source(line.source, 4)

    def sources(self) -> None:
        self.section("sources")
        for citation in self.d.citations.values():
            write_citation(self.page, self.words, citation)


def _block_of(step: Step, start: int | None) -> tuple[int, str] | None:
    """The block that put a step into a list, and where its name stands in the path; None for a step of the list itself.

    A path is that of the list, the number in it, and for each block around the step its name and the number in it.
    """
    parts = step.path.split(".")
    number = start if start is not None else next((i for i, part in enumerate(parts) if part.isdigit()), len(parts))
    if number + 2 < len(parts) and not parts[number + 1].isdigit():
        return number + 1, parts[number + 1]
    return None


def _shared_guards(steps: Sequence[Step]) -> int:
    """How many guards, outermost first, all the steps have in common."""
    fewest = min(len(s.guards) for s in steps)
    return next((i for i in range(fewest) if any(s.guards[i] != steps[0].guards[i] for s in steps)), fewest)


def _hours(hours: float) -> str:
    minutes = hours * 60
    if minutes < 120:
        return f"{minutes:g} min"
    return f"{hours:g} h" if hours < 72 else f"{hours / 24:g} d"
