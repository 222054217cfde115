"""Canonical JSON: one text and one hash for equal content, checked against the vectors that RFC 8785 publishes."""

from __future__ import annotations

import datetime
import enum
import json
import struct
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical_commander.canonical import canonical_json, content_hash
from clinical_commander.errors import YamlError

# RFC 8785, appendix B: the bits of the double, and its text.
APPENDIX_B = [
    ("0000000000000000", "0"),
    ("8000000000000000", "0"),
    ("0000000000000001", "5e-324"),
    ("8000000000000001", "-5e-324"),
    ("7fefffffffffffff", "1.7976931348623157e+308"),
    ("ffefffffffffffff", "-1.7976931348623157e+308"),
    ("4340000000000000", "9007199254740992"),
    ("c340000000000000", "-9007199254740992"),
    ("4430000000000000", "295147905179352830000"),
    ("44b52d02c7e14af5", "9.999999999999997e+22"),
    ("44b52d02c7e14af6", "1e+23"),
    ("44b52d02c7e14af7", "1.0000000000000001e+23"),
    ("444b1ae4d6e2ef4e", "999999999999999700000"),
    ("444b1ae4d6e2ef4f", "999999999999999900000"),
    ("444b1ae4d6e2ef50", "1e+21"),
    ("3eb0c6f7a0b5ed8c", "9.999999999999997e-7"),
    ("3eb0c6f7a0b5ed8d", "0.000001"),
    ("41b3de4355555553", "333333333.3333332"),
    ("41b3de4355555554", "333333333.33333325"),
    ("41b3de4355555555", "333333333.3333333"),
    ("41b3de4355555556", "333333333.3333334"),
    ("41b3de4355555557", "333333333.33333343"),
    ("becbf647612f3696", "-0.0000033333333333333333"),
    ("43143ff3c1cb0959", "1424953923781206.2"),
]

PLAIN_DATA = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


class Severity(str, enum.Enum):  # noqa: UP042  StrEnum would print its value anyway
    CRITICAL = "critical"


class Rank(int, enum.Enum):
    FIRST = 1


def read(text: bytes) -> object:
    # As ECMAScript does: every number is a double, also one written without a point.
    return json.loads(text, parse_int=float)


def double(bits: str) -> float:
    (value,) = struct.unpack(">d", bytes.fromhex(bits))
    assert isinstance(value, float)
    return value


@pytest.mark.parametrize(("bits", "text"), APPENDIX_B)
def test_every_number_of_appendix_b_is_written_as_published(bits, text):
    assert canonical_json(double(bits)).decode() == text


@pytest.mark.parametrize("bits", ["7fffffffffffffff", "7ff0000000000000", "fff0000000000000"])  # RFC 8785, appendix B
def test_nan_and_infinity_are_refused(bits):
    with pytest.raises(YamlError) as refused:
        canonical_json({"spo2": [1, double(bits)]})

    assert refused.value.problems[0].code == "CC190"
    assert "`$.spo2[1]`" in refused.value.problems[0].cause


def test_the_sample_object_of_the_rfc_is_written_byte_for_byte():
    # RFC 8785, section 3.2.2 (input), 3.2.3 (text) and 3.2.4 (bytes)
    sample = json.loads(
        r"""{
          "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
          "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
          "literals": [null, true, false]
        }"""
    )

    text = canonical_json(sample)

    assert text == (
        b'{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        b'"string":"\xe2\x82\xac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )


def test_keys_stand_in_the_order_of_their_utf16_code_units():
    # RFC 8785, section 3.2.3: the emoji (two units from D83D) stands before U+FB33, though its code point is larger.
    sample = {
        "\u20ac": "Euro Sign",
        "\r": "Carriage Return",
        "\ufb33": "Hebrew Letter Dalet With Dagesh",
        "1": "One",
        "\U0001f600": "Emoji: Grinning Face",
        "\u0080": "Control",
        "\u00f6": "Latin Small Letter O With Diaeresis",
    }

    order = list(json.loads(canonical_json(sample)).values())

    assert order == [
        "Carriage Return",
        "One",
        "Control",
        "Latin Small Letter O With Diaeresis",
        "Euro Sign",
        "Emoji: Grinning Face",
        "Hebrew Letter Dalet With Dagesh",
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        # The reference implementation's test data (github.com/cyberphone/json-canonicalization, testdata/output).
        ([56, {"d": True, "10": None, "1": []}], '[56,{"1":[],"10":null,"d":true}]'),
        (
            {
                "1": {"f": {"f": "hi", "F": 5}, "\n": 56.0},
                "10": {},
                "": "empty",
                "a": {},
                "111": [{"e": "yes", "E": "no"}],
            },
            '{"":"empty","1":{"\\n":56,"f":{"F":5,"f":"hi"}},"10":{},"111":[{"E":"no","e":"yes"}],"a":{}}',
        ),
        # Unicode is kept as it is: JCS forbids normalisation.
        ({"Unnormalized Unicode": "A\u030a"}, '{"Unnormalized Unicode":"A\u030a"}'),
        # RFC 8259, section 7: the two-letter escapes; U+007F and U+2028 are not escaped.
        ("\b\t\n\f\r\x00\x1f\x7f\u2028/", '"\\b\\t\\n\\f\\r\\u0000\\u001f\x7f\u2028/"'),
        # An enumeration is its value, never its name.
        ({Severity.CRITICAL: [Severity.CRITICAL, Rank.FIRST]}, '{"critical":["critical",1]}'),
        ([], "[]"),
        ({}, "{}"),
        ((1, 2), "[1,2]"),
        (2**53, "9007199254740992"),
        (-(2**53), "-9007199254740992"),
    ],
)
def test_plain_data_has_one_text(value, text):
    assert canonical_json(value).decode() == text


@pytest.mark.parametrize(
    ("value", "what"),
    [
        (2**53 + 1, "an integer beyond 2**53"),
        (-(2**53) - 1, "an integer beyond 2**53"),
        ({1: "one"}, "a map with the key 1, which is not text"),
        ({None: "one"}, "a map with the key None"),
        ("\ud83d", "half of a surrogate pair"),
        ({"\ud83d": 1}, "half of a surrogate pair"),
        (Decimal("1.5"), "a Decimal"),
        (Fraction(1, 3), "a Fraction"),
        (datetime.date(2026, 11, 21), "a date"),
        ({1, 2}, "a set"),
        (b"bytes", "a bytes"),
    ],
)
def test_what_json_cannot_hold_exactly_is_refused_and_never_guessed(value, what):
    with pytest.raises(YamlError) as refused:
        content_hash(["fine", {"inner": value}])

    problem = refused.value.problems[0]
    assert problem.code == "CC190"
    assert what in problem.cause
    assert "`$[1].inner`" in problem.cause
    assert problem.mend


def test_the_content_hash_is_the_sha256_of_the_canonical_text():
    # printf '{"a":0.002,"b":[1,null]}' | sha256sum
    expected = "16fdb9b72e1370c15b5962a076bc5b54056b72ef603bfe8d696acc2143441855"

    assert content_hash({"b": [1.0, None], "a": 2e-3}) == expected
    assert content_hash({"a": 0.002, "b": (1, None)}) == expected


@given(PLAIN_DATA)
def test_the_text_reads_back_as_the_same_data(value):
    assert read(canonical_json(value)) == value


@given(PLAIN_DATA)
def test_canonical_text_is_a_fixed_point(value):
    text = canonical_json(value)

    assert canonical_json(read(text)) == text


@given(st.dictionaries(st.text(), st.integers(0, 9), min_size=2), st.randoms())
def test_the_order_in_which_a_map_was_written_does_not_change_its_hash(value, random):
    shuffled = list(value.items())
    random.shuffle(shuffled)

    assert content_hash(dict(shuffled)) == content_hash(value)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_double_survives_its_text_exactly(value):
    assert struct.pack(">d", float(canonical_json(value))) == struct.pack(">d", value + 0.0)
