"""Rule text in, syntax tree out; anything outside the closed grammar is refused with its place and a mend.

    boolean    = conjunct {OR conjunct}
    conjunct   = negation {AND negation}
    negation   = [NOT] predicate
    predicate  = sum [comparison sum | [NOT] BETWEEN sum AND sum | [NOT] IN (literal, ...) | IS ...]
    sum        = product {(+|-) product}
    product    = unary {(*|/) unary}
    unary      = - unary | atom
    atom       = number | 'text' | TRUE | FALSE | name | NAME(argument, ...) | CASE ... END | ( boolean )

Comparisons do not chain, and IS takes a name, a call or something in parentheses: `a < b IS TRUE` has two readings.
"""

from __future__ import annotations

import re
from typing import NoReturn

from clinical_commander.errors import ExpressionError, Problem
from clinical_commander.frozen import frozen
from clinical_commander.logic import syntax as s
from clinical_commander.logic.text import PlainText, Text

KEYWORDS = frozenset("AND OR NOT IN IS NULL TRUE FALSE BETWEEN CASE WHEN THEN ELSE END".split())
# Words of SQL that authors reach for and the language leaves out, with what to write instead.
REFUSED_WORDS = {
    "LIKE": "Compare a code: `x = 'code'` or `x IN ('a', 'b')`.",
    "COALESCE": "Unknown stays unknown. Write `x IS TRUE` where only a known value counts.",
    "CAST": "Facts have one unit and type. Declare the fact as you need it.",
    "ROUND": "Facts are rounded once, to their declared decimals.",
    "SELECT": "An expression is not a query.",
    "DISTINCT": "Use `=` or `<>`.",
    "ABS": "Write both comparisons.",
    "NULLIF": "Write the condition.",
    "XOR": "Write `(a AND NOT b) OR (b AND NOT a)`.",
    "AS": "A rule has its name before the colon.",
    "ISNULL": "Write `x IS NULL` (gates only).",
    "NOTNULL": "Write `x IS NOT NULL` (gates only).",
}
REFUSED_PAIRS = {
    "!=": "Write `<>`.",
    "==": "Write `=`.",
    "=<": "Write `<=`.",
    "=>": "Write `>=`.",
    "--": "There are no comments in expressions; use `why:`.",
    "/*": "There are no comments in expressions; use `why:`.",
}
# Bounds on the depth of the tree, which is walked by recursion: brackets, calls and CASEs, and sums and products.
MAX_DEPTH = 60
MAX_OPERATORS = 100
MAX_LENGTH = 8_000

_TOKEN = re.compile(
    r"(?P<space>[ \t\r\n]+)"
    r"|(?P<number>[0-9]+(?:\.[0-9]+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<text>'(?:[^']|'')*')"
    r"|(?P<op><>|<=|>=|[=<>+\-*/(),])"
)
_WORD_REST = re.compile(r"[\w.]*")


@frozen
class _Token:
    kind: str  # number name keyword text op end
    text: str
    start: int
    end: int


def parse(text: Text | str) -> s.Node:
    """The syntax tree of one rule text.

    Raises:
        ExpressionError: CC200, the text is not in the language. Place, cause and mend are those of the first fault.
    """
    source = PlainText(text) if isinstance(text, str) else text
    return _Parser(source).whole()


class _Parser:
    def __init__(self, source: Text) -> None:
        self.source = source
        if len(source.value) > MAX_LENGTH:
            self.fail(
                0,
                1,
                f"This expression has {len(source.value)} characters; at most {MAX_LENGTH}.",
                "Name parts of it as rules.",
            )
        self.tokens = self._tokens()
        self.at = 0
        self.depth = self.operators = 0

    def fail(self, start: int, end: int, cause: str, mend: str = "") -> NoReturn:
        raise ExpressionError(Problem("CC200", cause, mend, self.source.mark(start, end - start)))

    def _tokens(self) -> list[_Token]:
        text, tokens, position = self.source.value, [], 0
        while position < len(text):
            pair = text[position : position + 2]
            if pair in REFUSED_PAIRS:
                self.fail(position, position + 2, f"`{pair}` is not in the rule language.", REFUSED_PAIRS[pair])
            match = _TOKEN.match(text, position)
            if match is None:
                self._refuse_character(position)
            end = match.end()
            kind = match.lastgroup or ""
            if kind == "number" and end < len(text) and (text[end].isalnum() or text[end] in "._"):
                rest = _WORD_REST.match(text, end)
                word = text[position : rest.end() if rest else end]
                self.fail(position, position + len(word), f"`{word}` is not a number.", _number_mend(word))
            if kind == "name":
                word = match.group()
                if word.upper() in KEYWORDS:
                    if word != word.upper():
                        self.fail(position, end, f"`{word}` is a word of the language.", f"Write `{word.upper()}`.")
                    kind = "keyword"
                elif word.upper() in REFUSED_WORDS:
                    self.fail(position, end, f"`{word}` is not in the rule language.", REFUSED_WORDS[word.upper()])
            if kind != "space":
                tokens.append(_Token(kind, match.group(), position, end))
            position = end
        tokens.append(_Token("end", "", len(text), len(text)))
        return tokens

    def _refuse_character(self, position: int) -> NoReturn:
        text = self.source.value
        character = text[position]
        if character == "'":
            self.fail(position, position + 1, "This quotation mark is never closed.", "Close it with `'`.")
        hints = {
            '"': "Codes stand in single quotes; names stand bare.",
            "≤": "Write `<=`.",
            "≥": "Write `>=`.",
            "≠": "Write `<>`.",
            "&": "Write `AND`.",
            "|": "Write `OR`.",
            "!": "Write `NOT`.",
            ".": "Numbers start with a digit, and names have no dots.",
            "%": "Units belong to facts and thresholds, not to expressions.",
            ";": "One expression, no statements.",
            ":": "There are no casts: a fact has one unit and one type.",
            "#": "There are no comments in expressions; use `why:`.",
            "`": "Names stand bare.",
            "\u2018": "Codes stand in straight single quotes.",
            "’": "Codes stand in straight single quotes.",
            "\u2212": "Write `-`.",
            "×": "Write `*`.",
            "\u00a0": "It is a no-break space: type a plain one.",
        }
        fallback = "Names are made of a to z, digits and `_`."
        shown = character if character.isprintable() else f"U+{ord(character):04X}"
        self.fail(position, position + 1, f"`{shown}` is not in the rule language.", hints.get(character, fallback))

    # -- the token stream

    @property
    def now(self) -> _Token:
        return self.tokens[self.at]

    def take(self) -> _Token:
        token = self.tokens[self.at]
        self.at += 1
        return token

    def accept(self, *texts: str) -> _Token | None:
        token = self.now
        if token.kind in ("op", "keyword") and token.text in texts:
            self.at += 1
            return token
        return None

    def expect(self, text: str, after: str) -> _Token:
        token = self.accept(text)
        if token is None:
            self.unexpected(f"`{text}` is missing after {after}.", f"Write `{text}`.")
        return token

    def unexpected(self, cause: str, mend: str) -> NoReturn:
        token = self.now
        if token.kind == "end":
            self.fail(max(0, token.start - 1), token.start, f"{cause} The expression ends here.", mend)
        self.fail(token.start, token.end, f"{cause} Found `{token.text}`.", mend)

    # -- the grammar

    def whole(self) -> s.Node:
        if self.now.kind == "end":
            self.fail(0, 1, "The expression is empty.", "Write a condition, or TRUE.")
        node = self.boolean()
        if self.now.kind != "end":
            joined = self.now.kind in ("name", "number", "text")
            mend = "Join conditions with AND or OR." if joined else "Drop it, or write what it belongs to."
            self.unexpected("The expression is complete before this.", mend)
        return node

    def boolean(self) -> s.Node:
        items = [self.conjunct()]
        while self.accept("OR"):
            items.append(self.conjunct())
        return items[0] if len(items) == 1 else s.Or((items[0].span[0], items[-1].span[1]), tuple(items))

    def conjunct(self) -> s.Node:
        items = [self.negation()]
        while self.accept("AND"):
            items.append(self.negation())
        return items[0] if len(items) == 1 else s.And((items[0].span[0], items[-1].span[1]), tuple(items))

    def negation(self) -> s.Node:
        nots = []
        while token := self.accept("NOT"):
            nots.append(token)
        if len(nots) > 1:
            self.fail(nots[0].start, nots[-1].end, "NOT stands twice.", "A double negation says nothing: drop both.")
        item = self.predicate()
        return s.Not((nots[0].start, item.span[1]), item) if nots else item

    def predicate(self) -> s.Node:
        left = self.sum()
        token = self.now
        if token.kind == "op" and token.text in ("=", "<>", "<", "<=", ">", ">="):
            self.take()
            right = self.sum()
            node: s.Node = s.Comparison((left.span[0], right.span[1]), token.text, left, right)
            following = self.now
            if following.kind == "op" and following.text in ("=", "<>", "<", "<=", ">", ">="):
                self.fail(
                    following.start,
                    following.end,
                    "Comparisons do not chain.",
                    "Write `x BETWEEN a AND b`, or two comparisons with AND.",
                )
            if following.kind == "keyword" and following.text == "IS":
                written = self.source.value[left.span[0] : right.span[1]]
                self.fail(
                    following.start,
                    following.end,
                    "IS after a comparison has two readings.",
                    f"Write `({written}) IS ...`.",
                )
            return node
        negated = self.accept("NOT") is not None
        if self.accept("BETWEEN"):
            low = self.sum()
            self.expect("AND", "the lower end of BETWEEN")
            high = self.sum()
            return s.Between((left.span[0], high.span[1]), left, low, high, negated)
        if self.accept("IN"):
            return self.membership(left, negated)
        if negated:
            self.unexpected("After `x NOT` comes IN or BETWEEN.", "To negate a condition, write NOT before it.")
        if self.accept("IS"):
            return self.test(left)
        return left

    def membership(self, subject: s.Node, negated: bool) -> s.Node:
        self.expect("(", "IN")
        items = [self.sum()]
        while self.accept(","):
            items.append(self.sum())
        close = self.expect(")", "the values of IN")
        return s.Membership((subject.span[0], close.end), subject, tuple(items), negated)

    def test(self, subject: s.Node) -> s.Node:
        negated = self.accept("NOT") is not None
        token = self.accept("TRUE", "FALSE", "NULL")
        if token is None:
            self.unexpected("After IS comes TRUE, NOT FALSE, NULL or NOT NULL.", "To compare, write `=`.")
        what = ("NOT " if negated else "") + token.text
        if what in ("FALSE", "NOT TRUE"):
            self.fail(
                token.start,
                token.end,
                f"`IS {what}` is not in the rule language.",
                "Write `NOT x`, or `NOT (x IS TRUE)` where unknown counts as no.",
            )
        return s.Is((subject.span[0], token.end), subject, what)

    def sum(self) -> s.Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.fail(self.now.start, self.now.end, f"More than {MAX_DEPTH} levels deep.", "Name parts of it as rules.")
        node = self.product()
        while token := self.accept("+", "-"):
            node = self.arithmetic(token, node, self.product())
        self.depth -= 1
        return node

    def arithmetic(self, token: _Token, left: s.Node, right: s.Node) -> s.Node:
        self.operators += 1
        if self.operators > MAX_OPERATORS:
            mend = "Make a tool of it."
            self.fail(token.start, token.end, f"More than {MAX_OPERATORS} arithmetic operators.", mend)
        return s.Arithmetic((left.span[0], right.span[1]), token.text, left, right)

    def product(self) -> s.Node:
        node = self.unary()
        while token := self.accept("*", "/"):
            node = self.arithmetic(token, node, self.unary())
        return node

    def unary(self) -> s.Node:
        if token := self.accept("-"):
            before = self.tokens[self.at - 2] if self.at > 1 else None
            if before is not None and before.text == "-":
                self.fail(before.start, token.end, "Two minus signs.", "Write `+`, or drop both.")
            item = self.unary()
            return s.Negative((token.start, item.span[1]), item)
        return self.atom()

    def atom(self) -> s.Node:
        token = self.take()
        span = (token.start, token.end)
        if token.kind == "number":
            return s.Number(span, token.text)
        if token.kind == "text":
            return s.Literal(span, token.text[1:-1].replace("''", "'"))
        if token.kind == "name":
            return self.call(token) if self.accept("(") else s.Name(span, token.text)
        if token.kind == "keyword" and token.text in ("TRUE", "FALSE"):
            return s.Truth(span, token.text == "TRUE")
        if token.kind == "keyword" and token.text == "CASE":
            return self.case(token)
        if token.kind == "op" and token.text == "(":
            inner = self.boolean()
            close = self.accept(")")
            if close is None:
                if self.now.kind == "end":
                    self.fail(token.start, token.end, "This parenthesis is never closed.", "Close it with `)`.")
                self.unexpected("A `)` is missing.", "Close the parenthesis, or join conditions with AND or OR.")
            return inner
        self.at -= 1
        if token.text == "NULL":
            self.unexpected("NULL is no value.", "Write `x IS NULL` (gates only), or `x IS TRUE`.")
        self.unexpected("A name, number or code is missing.", "Complete the condition, or drop what stands before it.")

    def call(self, name: _Token) -> s.Node:
        arguments = []
        if not self.accept(")"):
            arguments.append(self.sum())
            while self.accept(","):
                arguments.append(self.sum())
            self.expect(")", f"the arguments of {name.text}")
        return s.Call((name.start, self.tokens[self.at - 1].end), name.text, tuple(arguments))

    def case(self, start: _Token) -> s.Node:
        branches = []
        while self.accept("WHEN"):
            condition = self.boolean()
            self.expect("THEN", "the condition of WHEN")
            branches.append((condition, self.sum()))
        if not branches:
            self.unexpected("After CASE comes WHEN.", "Write `CASE WHEN condition THEN number ELSE number END`.")
        if not self.accept("ELSE"):
            self.unexpected("CASE needs an ELSE.", "Write which number holds otherwise.")
        otherwise = self.sum()
        end = self.expect("END", "ELSE")
        return s.Case((start.start, end.end), tuple(branches), otherwise)


def _number_mend(word: str) -> str:
    if re.fullmatch(r"[0-9OoIl]+(\.[0-9OoIl]+)?", word):
        digits = word.replace("O", "0").replace("o", "0").replace("I", "1").replace("l", "1")
        return f"Did you mean `{digits}` (a letter stands where a digit should)?"
    if re.fullmatch(r"\d+_\d+", word):
        return "Write the digits without `_`."
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([A-Za-z]+)", word)
    if match and match[2].upper() in KEYWORDS:
        return f"Write `{match[1]} {match[2].upper()}`."
    if match:
        return f"A name starts with a letter; a number carries no unit here. Did you mean `{match[1]}`?"
    return "Write digits with at most one decimal point."
