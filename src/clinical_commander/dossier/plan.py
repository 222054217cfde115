"""YAML in, plans out: steps, playbooks and treatments in which every block is written out and every guard typed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from clinical_commander.dossier.catalogue import PRIORITIES, priority_of
from clinical_commander.dossier.model import Condition, Playbook, Row, Source, Step, Treatment
from clinical_commander.dossier.reader import Reader
from clinical_commander.dossier.resolve import Resolver
from clinical_commander.dossier.source import Node
from clinical_commander.frozen import replace
from clinical_commander.logic import ir
from clinical_commander.logic.check import Context

STAGES = ("first_minutes", "hour_1", "next_24h", "disposition", "followup")
IF_UNKNOWN = ("proceed_and_ask", "ask_first", "hold")
SIDES = ("confirmed", "opposite")
# Waiting for an answer costs the airway or the blood: steps on these targets may ask, never stop.
NEVER_HELD = frozenset({"airway", "embolization", "bronchoscopy", "oxygen", "positive_pressure"})


class Planner:
    """Reads steps. Holds the blocks, so that a `use` can be written out where it stands."""

    def __init__(self, resolver: Resolver, actions: Mapping[str, Reader]) -> None:
        self.resolver = resolver
        self.actions = actions
        self.blocks: dict[str, Reader] = {}
        self.used_blocks: set[str] = set()

    def steps(
        self,
        nodes: Iterable[Node],
        path: str,
        inherited: Source,
        guards: tuple[Condition, ...] = (),
        block: tuple[str, ...] = (),
    ) -> tuple[Step, ...]:
        """The steps of one list, blocks written out; `path` is that of the list, `block` the blocks around it."""
        steps: list[Step] = []
        for number, node in enumerate(nodes, 1):
            item = Reader(node, f"step {number} of {path}", self.resolver.problems)
            steps.extend(self._step(item, f"{path}.{number}", inherited, guards, block))
            item.done()
        return tuple(steps)

    def _step(
        self, item: Reader, path: str, inherited: Source, guards: tuple[Condition, ...], block: tuple[str, ...]
    ) -> tuple[Step, ...]:
        kinds = [kind for kind in ("action", "do", "use", "choose") if item.has(kind)]
        if len(kinds) != 1:
            if not item.broken:
                item.problem(
                    "CC402",
                    f"{item.what} has {' and '.join(f'`{k}`' for k in kinds) or 'nothing to do'}.",
                    "Write one of action, do, use, choose.",
                )
            for key in item.items:
                item.node_or_none(key)
            return ()
        source = self.resolver.source(item, inherited=inherited)
        when = self.resolver.condition_or_none(item.expression_or_none("when"), Context.STEP)
        unless, if_unknown = self._unless(item)
        if kinds == ["use"]:
            return self._use(item, path, source, (*guards, when) if when else guards, (unless, if_unknown), block)
        choose: tuple[Step, ...] = ()
        if kinds == ["choose"]:
            choose = self.steps(item.sequence("choose"), f"{path}.choose", source, (), block)
            for option, node in zip(choose, item.sequence("choose"), strict=False):
                if option.when is None:
                    item.problem(
                        "CC402",
                        f"An option of {item.what} has no `when`.",
                        "Options exclude each other: say when each is meant.",
                        node.at,
                    )
        action = self.resolver.action_id(item, "action")
        step = Step(
            path,
            action=action,
            do=item.text_or("do", ""),
            text=item.text_or("text", ""),
            when=when,
            unless=unless,
            if_unknown=if_unknown,
            if_true=item.text_or("if_true", ""),
            priority=item.choice("priority", PRIORITIES, priority_of(self.actions[action]) if action else "routine"),
            within=self.resolver.duration(item, "within"),
            who=item.text_or("who", ""),
            side=self._side(item),
            choose=choose,
            guards=guards,
            block=block[-1] if block else "",
            source=source,
        )
        self._may_hold(step, item)
        return (step,)

    def _unless(self, item: Reader) -> tuple[Condition | None, str]:
        unless = self.resolver.condition_or_none(item.expression_or_none("unless"), Context.STEP)
        if_unknown = item.choice("if_unknown", IF_UNKNOWN, "")
        if unless is not None and not if_unknown and not item.has("if_unknown"):
            mend = f"Add `if_unknown:` with one of {', '.join(IF_UNKNOWN)}."
            item.problem(
                "CC437",
                f"{item.what} has `unless` and does not say what an unknown answer means.",
                mend,
                item.place("unless"),
            )
        if unless is None and if_unknown:
            item.problem(
                "CC437",
                f"{item.what} has `if_unknown` without `unless`.",
                "Add `unless:` or delete it.",
                item.place("if_unknown"),
            )
        return unless, if_unknown

    def _side(self, item: Reader) -> str:
        side = item.choice("side", SIDES, "")
        if side and "bleeding_side_confirmed" not in self.resolver.scope.names:
            mend = "Name the rule `bleeding_side_confirmed`: a side is told only where it holds."
            item.problem(
                "CC410", f"{item.what} names a side, and no rule says when it is confirmed.", mend, item.place("side")
            )
        return side

    def _may_hold(self, step: Step, item: Reader) -> None:
        target = self.actions[step.action].text("target") if step.action else ""
        if step.if_unknown == "hold" and target in NEVER_HELD:
            cause = (
                f"{item.what} would hold back {step.action} ({target.replace('_', ' ')}) while an answer is unknown."
            )
            item.problem(
                "CC438",
                cause,
                "Airway and bleeding control never wait: write `proceed_and_ask` or `ask_first`.",
                item.place("if_unknown"),
            )

    # -- blocks

    def read_blocks(self, reader: Reader) -> None:
        """The blocks of playbooks.yaml; each is read where it is used."""
        self.blocks = {key.name: item for key, item in reader.named("blocks", "block")}
        for name, block in self.blocks.items():
            block.text("title")
            source = self.resolver.source(block)
            # Read once on its own, so that a fault in a block is reported once and also where nothing uses it.
            self.steps(block.sequence("steps"), f"blocks.{name}", source, (), (name,))
            block.done()

    def _use(
        self,
        item: Reader,
        path: str,
        source: Source,
        guards: tuple[Condition, ...],
        unless: tuple[Condition | None, str],
        around: tuple[str, ...],
    ) -> tuple[Step, ...]:
        name = item.text("use")
        place = item.place("use")
        if not self.resolver.known(name, self.blocks, "block", place):
            return ()
        self.used_blocks.add(name)
        if name in around:
            circle = " -> ".join((*around[around.index(name) :], name))
            item.problem(
                "CC413", f"Blocks use each other in a circle: {circle}.", "Write the steps out in one of them.", place
            )
            return ()
        problems = self.resolver.problems
        before = len(problems)
        nested = self.steps(self.blocks[name].sequence("steps"), f"{path}.{name}", source, guards, (*around, name))
        # The block itself has been read and its faults reported; here only the circle is news.
        problems[before:] = [p for p in problems[before:] if p.code == "CC413" and p not in problems[:before]]
        return tuple(_with_unless(step, *unless) for step in nested) if unless[0] else nested

    # -- playbooks

    def read_playbooks(self, reader: Reader, tiers: Iterable[str], settings: Iterable[str]) -> dict[str, Playbook]:
        """`settings:` of playbooks.yaml: setting -> rows of tier -> stages -> steps."""
        playbooks = {}
        for key, item in reader.named("settings", "playbook"):
            self.resolver.known(key.name, settings, "setting", key.at)
            rows = tuple(
                self._row(id, row, key.name, tuple(tiers)) for id, row in item.listed("rows", f"{key.name} row")
            )
            playbooks[key.name] = Playbook(key.name, item.text("title"), item.text_or("text", ""), rows)
            self.resolver.source(item)
            item.done()
        return playbooks

    def _row(self, id: str, row: Reader, setting: str, tiers: tuple[str, ...]) -> Row:
        tier = row.text_or_none("tier")
        if tier is not None:
            self.resolver.known(tier, tiers, "tier", row.place("tier"))
        when = self.resolver.condition(row.expression("when"), Context.STEP)
        source = self.resolver.source(row)
        row.text_or("title", "")
        row.text_or("text", "")
        stages = row.reader("stages", f"the stages of {row.what}")
        plan = {}
        for stage in STAGES:
            nodes = stages.sequence(stage)
            if nodes:
                plan[stage] = self.steps(nodes, f"playbooks.{setting}.{id}.{stage}", source, (when,))
        stages.done()
        row.done()
        return Row(id, tier, when, plan)

    def read_treatments(self, reader: Reader, causes: Mapping[str, str]) -> tuple[Treatment, ...]:
        """`treatments:` of playbooks.yaml, per confirmed cause."""
        treatments = []
        for id, item in reader.listed("treatments", "treatment"):
            source = self.resolver.source(item)
            cause = item.text_or_none("cause")
            if cause is not None and causes:
                self.resolver.known(cause, causes, "cause", item.place("cause"))
            treatments.append(
                Treatment(
                    id,
                    item.text("title"),
                    self.resolver.condition(item.expression("when"), Context.STEP),
                    self.steps(item.sequence("steps"), f"treatments.{id}", source),
                    source,
                )
            )
            item.text_or("text", "")
            item.done()
        return tuple(treatments)

    def report_unused_blocks(self) -> None:
        """A block that nothing uses would never be shown (CC440)."""
        for name, block in self.blocks.items():
            if name not in self.used_blocks:
                self.resolver.lint(
                    "CC440", f"nothing uses the block `{name}`.", f"Write `use: {name}` where it belongs.", block.at
                )


def _with_unless(step: Step, unless: Condition | None, if_unknown: str) -> Step:
    """The step held back also by the `unless` of the block's use; of two ways to take an unknown, the more careful."""
    if unless is None:
        return step
    if step.unless is None:
        return replace(step, unless=unless, if_unknown=if_unknown)
    both = Condition(
        f"({step.unless.text}) OR ({unless.text})", ir.Any((step.unless.expr, unless.expr)), step.unless.at
    )
    return replace(step, unless=both, if_unknown=max(step.if_unknown, if_unknown, key=("", *IF_UNKNOWN).index))
