"""The arguments of `commander encounter`: one sub-command for each thing that happens in a stay, or to its log."""

from __future__ import annotations

import argparse

SAYS = {
    "new": "open an encounter, pinned to the content it is run with",
    "load": "a stay that was written down in a file, as a new encounter",
    "record": "what was found: FACT=VALUE ...",
    "correct": "a fact that was recorded wrong: the event's number and the right value",
    "retract": "an event that should not have been recorded",
    "assess": "assess now, show it, and record that it was shown",
    "order": "an action was ordered",
    "done": "an action was done",
    "decline": "an action was declined, with the reason",
    "accept": "advice was accepted",
    "override": "advice was overridden, with the reason",
    "decide": "what a person decided: WHAT=VALUE ...",
    "handover": "the patient was handed over, perhaps to another setting",
    "outcome": "how it ended",
    "upgrade": "go over to another content, with what that changes",
    "show": "the timeline: what happened, when, who, and why the tier moved",
    "replay": "the assessment of an earlier moment; without one, every assessment that was shown, again",
    "verify": "whether anything was altered, lost or reordered",
    "list": "the encounters of the log",
    "erase": "erase the payload of an event; the chain stays whole",
    "export-anchor": "the heads of all encounters, to be kept elsewhere",
    "backup": "the whole log as one new file",
    "restore": "a backup into an empty log",
}
_WRITES = (
    "new", "record", "correct", "retract", "assess", "order", "done", "decline", "accept", "override", "decide",
    "handover", "outcome", "upgrade", "erase",
)  # fmt: skip
_TIMED = ("new", "record", "correct", "order", "done", "decline", "accept", "override", "decide", "handover", "outcome")
_GUARDED = (*_TIMED[1:], "retract")
_WHOLE = ("new", "load", "list", "verify", "export-anchor", "backup", "restore")


def add_encounter(parser: argparse.ArgumentParser) -> None:
    """Adds the sub-commands."""
    commands = parser.add_subparsers(dest="what", metavar="WHAT", required=True)
    parts = {name: commands.add_parser(name, help=says, description=_sentence(says)) for name, says in SAYS.items()}
    for name, part in parts.items():
        part.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print JSON for programs")
        part.add_argument("--db", metavar="DB", help="a path or a URL; else CLINICAL_COMMANDER_DB, else your own file")
        if name not in _WHOLE:
            part.add_argument("id", metavar="ID", help="the encounter")
    for name in _WRITES:
        parts[name].add_argument("--actor", metavar="NAME", help="who; else CLINICAL_COMMANDER_ACTOR, else your login")
        parts[name].add_argument("--key", metavar="KEY", help="the same key twice is one event")
    for name in _TIMED:
        parts[name].add_argument("--at", metavar="MOMENT", help="when it was so, with its zone; else now")
    for name in _GUARDED:
        parts[name].add_argument("--if-seq", metavar="N", type=int, help="only if no event came after number N")
    _of_opening(parts)
    _of_events(parts)
    _of_reading(parts)


def _sentence(says: str) -> str:
    return f"{says[:1].upper()}{says[1:]}."


def _of_opening(parts: dict[str, argparse.ArgumentParser]) -> None:
    new, load = parts["new"], parts["load"]
    new.add_argument("--setting", metavar="SETTING", help="home, ed, icu, inpatient or outpatient")
    new.add_argument("--entry", metavar="ENTRY", help="an entry point of the dossier")
    new.add_argument("--region", metavar="REGION", help="high_income or tb_endemic")
    new.add_argument("--label", metavar="TEXT", help="a bed or a colour; never a name")
    new.add_argument("--case", metavar="FILE", help="begin with the facts of a case file")
    load.add_argument("file", metavar="FILE", help="a stay, as in examples/encounters")
    for part in (new, load):
        part.add_argument("--dossier", metavar="ID", help="a dossier, its folder or its pack")
        part.add_argument("--site", metavar="FILE", help="what this site has and changes")
        part.add_argument("--id", metavar="ID", help="an opaque id; else a random one")


def _of_events(parts: dict[str, argparse.ArgumentParser]) -> None:
    parts["record"].add_argument("facts", metavar="FACT=VALUE", nargs="+", help="as in a case file: spo2='86 %%'")
    parts["decide"].add_argument("facts", metavar="WHAT=VALUE", nargs="+", help="such as disposition=icu")
    for name in ("correct", "retract", "erase"):
        parts[name].add_argument("seq", metavar="N", type=int, help="the number of the event")
    parts["correct"].add_argument("value", metavar="VALUE", help="what it should have said")
    for name in ("order", "done", "decline"):
        parts[name].add_argument("action", metavar="ACTION", help="an action of the dossier, such as panel.cbc")
    for name in ("accept", "override"):
        parts[name].add_argument("advice", metavar="ADVICE", help="an action or a trigger of the dossier")
    for name in ("retract", "decline", "override", "erase"):
        parts[name].add_argument("--reason", metavar="TEXT", required=True, help="why")
    for name in ("correct", "order", "done", "accept", "decide", "upgrade"):
        parts[name].add_argument("--reason", metavar="TEXT", help="why")
    parts["handover"].add_argument("--to", metavar="WHOM", required=True, help="a team or a place")
    parts["handover"].add_argument("--setting", metavar="SETTING", help="where the patient is from now on")
    parts["handover"].add_argument("--text", metavar="TEXT", help="what was said")
    parts["outcome"].add_argument("outcome", metavar="OUTCOME", help="how it ended, in a few words")
    parts["outcome"].add_argument("--text", metavar="TEXT", help="more of it")
    parts["upgrade"].add_argument(
        "--to", metavar="DOSSIER", help="a dossier, its folder or its pack; else the installed one"
    )


def _of_reading(parts: dict[str, argparse.ArgumentParser]) -> None:
    for name in ("assess", "show", "replay"):
        parts[name].add_argument("--width", metavar="COLUMNS", type=int, help="width of the text")
    replay = parts["replay"]
    moment = replay.add_mutually_exclusive_group()
    moment.add_argument("--known-at", metavar="MOMENT", help="by what had been recorded until then")
    moment.add_argument("--true-at", metavar="MOMENT", help="by all that is recorded now, of what was so until then")
    moment.add_argument("--seq", metavar="N", type=int, help="after event N")
    replay.add_argument("--pack", metavar="DOSSIER", help="with another content: what it would answer otherwise")
    parts["verify"].add_argument("ids", metavar="ID", nargs="*", help="only these encounters")
    parts["verify"].add_argument("--anchor", metavar="FILE", help="what export-anchor wrote, from where it was kept")
    parts["export-anchor"].add_argument("-o", "--output", metavar="FILE", help="a new file; else standard output")
    parts["backup"].add_argument("file", metavar="FILE", help="a new file")
    parts["restore"].add_argument("file", metavar="FILE", help="what backup wrote")
    parts["restore"].add_argument("--anchor", metavar="FILE", help="refuse a backup that is not true to it")
