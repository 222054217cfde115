"""`commander next CASE`: the best question, why, and what it could change; `--interactive` asks until nothing can."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence

from clinical_commander.cli.case_input import CaseInput
from clinical_commander.cli.output import has_colour, is_unicode, print_json, print_text, width
from clinical_commander.dossier.model import Dossier
from clinical_commander.dossier.reader import plain_data
from clinical_commander.engine.assessment import Assessment, NextReport
from clinical_commander.engine.case import Case
from clinical_commander.engine.questions import still_asked
from clinical_commander.engine.read_case import case_from_mapping
from clinical_commander.errors import CaseError, Problem
from clinical_commander.frozen import replace


def run(arguments: argparse.Namespace) -> int:
    """Print the next questions, or hold the interview."""
    given = CaseInput(arguments)
    case = given.case()
    if arguments.interactive:
        return _Interview(arguments, given, case).hold()
    _print(given.assess(case).next, given.dossier, arguments)
    return 0


def _print(found: Sequence[NextReport], dossier: Dossier, arguments: argparse.Namespace) -> None:
    if arguments.json:
        stops = not any(q.decides for q in found)
        plain = json.loads(json.dumps(found, default=vars))
        print_json({"schema": "next/1", "watermark": {"text": dossier.watermark}, "stops": stops, "next": plain})
        return
    from clinical_commander.render.differential import next_text

    print_text(next_text(found, dossier, width(arguments.width), has_colour(), is_unicode()))


class _Interview:
    """Asks on standard error, reads answers from standard input, and prints what came of it on standard output."""

    def __init__(self, arguments: argparse.Namespace, given: CaseInput, case: Case) -> None:
        self.arguments, self.given, self.case = arguments, given, case
        if given.node is None:
            mend = "Write the case as a case file."
            raise CaseError(Problem("CC656", "`--interactive` adds answers to a case file, not to records.", mend))
        plain = plain_data(given.node)
        facts = plain.get("facts") if isinstance(plain, dict) else None
        self.facts: dict[str, object] = dict(facts) if isinstance(facts, dict) else {}
        self.head = {k: v for k, v in plain.items() if k != "facts"} if isinstance(plain, dict) else {}
        self.left_open: set[str] = set()

    def hold(self) -> int:
        """Ask the best question until none decides anything, or the answers end."""
        assessment = self.given.assess(self.case)
        asked = 0
        while True:
            question = self._best(assessment)
            if question is None:
                break
            asked += 1
            self._say(f"{asked}. {question.text}")
            if not self._answers(question):
                break
            assessment = self.given.assess(self.case)
        if not self.arguments.json:
            from clinical_commander.render.text import first_screen

            size = width(self.arguments.width)
            print_text(first_screen(assessment, self.given.dossier, size, has_colour(), is_unicode()))
        open_ones = [q for q in assessment.next if not set(q.facts) <= self.left_open]
        _print(open_ones, self.given.dossier, self.arguments)
        return 0

    def _best(self, assessment: Assessment) -> NextReport | None:
        """The first question that decides something and was not left open already."""
        return next(iter(still_asked(assessment.next, left_open=self.left_open)), None)

    def _answers(self, question: NextReport) -> bool:
        """Ask for each fact of a question; an empty answer leaves it open. False where the answers have ended."""
        for name in question.facts:
            if name in self.left_open:
                continue
            while True:
                self._say(f"   {self._prompt(name)}: ", end="")
                line = sys.stdin.readline()
                if not line:
                    return False
                answer = line.strip()
                if not answer or answer == "unknown":
                    self.left_open.add(name)
                    break
                try:
                    self._take(name, answer)
                    break
                except CaseError as error:
                    self._say(error.render())
        return True

    def _take(self, name: str, answer: str) -> None:
        fact = self.given.dossier.facts[name]
        words = {"yes": True, "true": True, "no": False, "false": False}
        value: object = words.get(answer, answer) if fact.kind == "boolean" else answer
        facts = {**self.facts, name: value}
        case = case_from_mapping({**self.head, "facts": facts}, self.given.dossier, now=self.case.at)
        self.facts = facts
        self.case = replace(case, region=self.case.region, at=self.case.at)

    def _prompt(self, name: str) -> str:
        fact = self.given.dossier.facts[name]
        if fact.kind == "boolean":
            return f"{fact.label} (yes, no, unknown)"
        if fact.kind == "code":
            return f"{fact.label} ({', '.join(fact.codes)}, unknown)"
        return f"{fact.label} ({fact.unit.code if fact.unit and fact.unit.code != '1' else 'a number'}, unknown)"

    def _say(self, text: str, end: str = "\n") -> None:
        print(text, end=end, file=sys.stderr, flush=True)
