"""A tool and a case in, what the tool says out: without a dossier, and so without tier, triggers or plan.

Of the case a tool takes setting, region, moment and facts. How long a value counts as current is judged by the setting
alone: what bleeds, and how much, is a dossier's business.
"""

from __future__ import annotations

from collections.abc import Sequence

from clinical_commander.dossier.model import Dossier
from clinical_commander.dossier.shelf import with_tools
from clinical_commander.dossier.source import Mapping, Node
from clinical_commander.engine.assessment import ScoreReport
from clinical_commander.engine.case import Case
from clinical_commander.engine.scores import Scores
from clinical_commander.engine.situation import Situation, Situations
from clinical_commander.program.build import build

NOT_FOR_TOOLS = ("entry", "actions", "recorded", "dossier")


class ToolRunner:
    """Some tools of a shelf made ready to run. Holds nothing of any patient."""

    def __init__(self, shelf: Dossier, ids: Sequence[str]) -> None:
        self.dossier = with_tools(shelf, ids)
        self.program = build(self.dossier)
        self.situations = Situations(self.dossier, self.program)
        self.scores = Scores(self.dossier, self.program)

    def situation(self, case: Case) -> Situation:
        """What is possible of every fact at the moment of the case."""
        return self.situations.at(case, case.at, None, {})

    def run(self, case: Case) -> dict[str, ScoreReport]:
        """What each of the tools says of a case."""
        return self.scores.report(self.scores.evaluated(self.situation(case).fresh))


def case_for_tools(node: Node) -> Node:
    """A case without what only a dossier can read."""
    if not isinstance(node, Mapping):
        return node
    kept = {name: entry for name, entry in node.items.items() if name not in NOT_FOR_TOOLS}
    return Mapping(node.source, node.start, node.end, kept)
