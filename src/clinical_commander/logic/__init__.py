"""The rule language: text in, typed expressions out. A strict subset of SQL in which unknown is a value."""

from clinical_commander.logic.check import Context, Entry, Scope, check, check_boolean, check_number
from clinical_commander.logic.parse import parse
from clinical_commander.logic.prose import Vocabulary, prose
from clinical_commander.logic.text import PlainText, Text

__all__ = [
    "Context",
    "Entry",
    "PlainText",
    "Scope",
    "Text",
    "Vocabulary",
    "check",
    "check_boolean",
    "check_number",
    "parse",
    "prose",
]
