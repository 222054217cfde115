"""YAML and JSON text: what it means, where each of its characters stands, and what is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from clinical_commander.dossier.reader import Reader, plain_data
from clinical_commander.dossier.source import Mapping, Node, Scalar, Sequence, read_yaml
from clinical_commander.errors import ClinicalCommanderError, Problem, YamlError


def value(text: str, key: str = "a") -> Scalar:
    root = read_yaml(text, "case.yaml")
    assert isinstance(root, Mapping)
    found = root.get(key)
    assert isinstance(found, Scalar)
    return found


def problems(text: str | bytes, name: str = "case.yaml") -> tuple[Problem, ...]:
    with pytest.raises(YamlError) as caught:
        read_yaml(text, name)
    return caught.value.problems


# --- what a value means


@pytest.mark.parametrize(
    ("written", "means"),
    [
        ("true", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("7", 7),
        ("-7", -7),
        ("1.50", 1.5),
        ("1e3", 1000.0),
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("off", "off"),
        ("NO", "NO"),
        ("True", "True"),
        ("TRUE", "TRUE"),
        ("1:30", "1:30"),
        ("1_000", "1_000"),
        ("0x1F", "0x1F"),
        ("0o17", "0o17"),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("2026-11-21", "2026-11-21"),
        ("'true'", "true"),
        ('"7"', "7"),
        ("=", "="),
        ("86 %", "86 %"),
    ],
)
def test_a_plain_value_means_what_yaml_1_2_says(written: str, means: object) -> None:
    found = value(f"a: {written}\n")

    assert found.meaning == means
    assert type(found.meaning) is type(means)


def test_a_number_keeps_the_digits_of_its_author() -> None:
    assert value("a: 1.10").value == "1.10"


def test_a_number_with_a_leading_zero_is_refused_because_old_programs_read_it_as_octal() -> None:
    (found,) = problems("a: 012\n")

    assert found.code == "CC113"
    assert found.mend == "Write `12`, or `'012'` for text."


# --- where a character stands


@pytest.mark.parametrize(
    "text",
    [
        "a: spo2 < 90 OR x > 3\n",
        "a: spo2 < 90\n  OR x > 3\n\n  AND y\n",
        "a: 'code = ''red'' OR spo2 < 90'\n",
        "a: 'it is\n   a\n   ''long'' way'\n",
        'a: "spo2 < 90 \\"x\\" OR \\u00e9 y"\n',
        'a: "one\n  two \\\n  three\\tfour"\n',
        "a: >-\n  one two\n  three\n\n  four\n",
        "a: >  # a comment | > with marks\n  one two\n  three\n",
        "a: |\n   one two\n     three\n   four\n",
        "a: |+2\n    one\n   two\n\n",
        "a: éß € 🙂 end\n",
        "- x\n- a: [one two, 'three four']\n",
        "k:\n  a:\n    one\n    two\n",
    ],
)
def test_each_visible_character_of_a_value_is_found_where_it_was_written(text: str) -> None:
    def scalars(node: Node) -> list[Scalar]:
        if isinstance(node, Mapping):
            return [s for _, child in node.items.values() for s in scalars(child)]
        if isinstance(node, Sequence):
            return [s for child in node.items for s in scalars(child)]
        assert isinstance(node, Scalar)
        return [node]

    lines = text.split("\n")
    for scalar in scalars(read_yaml(text, "case.yaml")):
        for index, character in enumerate(scalar.value):
            if character.isspace():
                continue
            mark = scalar.mark(index)
            there = lines[mark.line - 1][mark.column - 1]
            assert there in (character, "\\", "'"), (index, character, str(mark))
            assert mark.text == lines[mark.line - 1]


WORD = st.text(alphabet="abz<>=()'\"é", min_size=1, max_size=6)


@given(st.lists(st.lists(WORD, min_size=1, max_size=4), min_size=1, max_size=4), st.sampled_from(["'", '"', "|", ">"]))
def test_any_value_in_any_style_points_back_to_its_characters(lines: list[list[str]], style: str) -> None:
    text = "\n".join(" ".join(words) for words in lines)
    written = yaml.dump({"k": {"a": text}}, default_style=style, allow_unicode=True, width=20)
    root = read_yaml(written, "case.yaml")
    assert isinstance(root, Mapping)
    inner = root.get("k")
    assert isinstance(inner, Mapping)
    found = inner.get("a")
    assert isinstance(found, Scalar)

    rows = written.split("\n")
    for index, character in enumerate(found.value):
        mark = found.mark(index)
        if not character.isspace():
            assert rows[mark.line - 1][mark.column - 1] in (character, "\\", "'")


def test_the_place_of_a_part_never_runs_over_the_end_of_its_line() -> None:
    found = value("a: one\n  two\n").mark(0, 7)

    assert (found.line, found.column, found.width) == (1, 4, 3)


def test_line_ends_of_windows_and_a_byte_order_mark_move_nothing() -> None:
    root = read_yaml(b"\xef\xbb\xbfa: 1\r\nb: x\r\n", "case.yaml")

    assert isinstance(root, Mapping)
    found = root.get("b")
    assert found is not None
    assert str(found.at) == "case.yaml:2:4"
    assert found.at.text == "b: x"


# --- what is refused


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "a: 1\nb: 2\na: 3\n",
            "case.yaml:3:1: CC102 The key `a` stands twice in this mapping; first at case.yaml:1:1.",
        ),
        ("a: &x 1\n", "case.yaml:1:4: CC103 `&x` is an anchor."),
        ("a: *x\n", "case.yaml:1:4: CC103 `*x` is an alias."),
        ("a: !!python/object:os.system x\n", "case.yaml:1:4: CC104 `!!python/object:os.system` is a tag."),
        ("a: !x y\n", "case.yaml:1:4: CC104 `!x` is a tag."),
        ("%YAML 1.1\n---\na: 1\n", "case.yaml:1:1: CC104 A `%` directive stands before the text."),
        ("a:\n  <<: {b: 1}\n", "case.yaml:2:3: CC105 `<<` is a merge key."),
        ("a: 1\n---\nb: 2\n", "case.yaml:2:1: CC106 A second document starts here."),
        ("a:\tx\n", "case.yaml:1:3: CC107 A tab stands here."),
        ("a: \u2028\n", "case.yaml:1:4: CC109 The invisible character U+2028 stands here."),
        ("a: x\x00\n", "case.yaml:1:5: CC109 The invisible character U+0000 stands here."),
        ("", "case.yaml: CC112 There is nothing in this text."),
        ("# only a comment\n", "case.yaml: CC112 There is nothing in this text."),
        ("? [a, b]\n: 1\n", "case.yaml:1:3: CC114 A key is one word or text."),
        ("a: b: c\n", "case.yaml:1:5: CC101 A second `: ` stands in this value."),
        ("a: 'massive' = tier\n", "case.yaml:1:14: CC101 Text follows a closing quotation mark."),
        ("a: 'x\n", "case.yaml:1:4: CC101 This quotation mark is never closed."),
        ('a: "\\q"\n', "case.yaml:1:5: CC101 This escape is unknown."),
        ("a: {b: 1\n", "case.yaml:1:4: CC101 A `,` or `}` is missing, or this bracket is never closed."),
        ("a:\n  b: 1\n c: 2\n", "case.yaml:3:2: CC101 This line does not fit the lines around it."),
        ("a: @x\n", "case.yaml:1:4: CC101 A value cannot start with @."),
        ("a: 1\nb\nc: 1\n", "case.yaml:2:1: CC101 This line has no `: ` after its key."),
        ("a: ]\n", "case.yaml:1:4: CC101 A value cannot start with ]."),
        ("- a\nb: 1\n", "case.yaml:2:1: CC101 This line does not fit the lines around it."),
    ],
)
def test_what_two_programs_could_read_differently_is_refused_with_its_place(text: str, said: str) -> None:
    found = problems(text)

    assert str(found[0]).startswith(said)
    assert found[0].mend or found[0].code == "CC112"


def test_bytes_that_are_not_utf8_are_refused_with_their_place() -> None:
    (found,) = problems(b"a: 1\nb: \xff\n")

    assert str(found) == "case.yaml:2:4: CC108 Byte 0xff is not UTF-8. Save the file as UTF-8."


def test_all_duplicate_keys_anchors_and_octal_numbers_are_reported_at_once() -> None:
    found = problems("a: 1\na: 2\nb: &x 3\nc: 012\n")

    assert [(p.code, p.at.line if p.at else 0) for p in found] == [("CC102", 2), ("CC103", 3), ("CC113", 4)]


def test_a_text_above_the_limit_is_refused_before_it_is_read(tmp_path: Path) -> None:
    big = tmp_path / "case.yaml"
    big.write_text("a: " + "x" * 2000)

    with pytest.raises(YamlError, match=r"CC110 The text has 1001 bytes; at most 1000 are read\."):
        read_yaml(big, "case.yaml", limit=1000)


@pytest.mark.parametrize("name", ["case.yaml", "case.json"])
def test_fifty_levels_are_read_and_fifty_one_are_refused(name: str) -> None:
    read_yaml("[" * 50 + "1" + "]" * 50, name)

    (found,) = problems("[" * 51 + "1" + "]" * 51, name)
    assert found.code == "CC111"


def test_ten_thousand_levels_do_not_exhaust_the_interpreter() -> None:
    assert problems("[" * 10_000)[0].code == "CC111"
    assert problems('{"a":' * 10_000, "case.json")[0].code == "CC111"


def test_a_file_that_is_not_there_is_one_problem(tmp_path: Path) -> None:
    with pytest.raises(YamlError, match="CC116 The file cannot be read: No such file or directory"):
        read_yaml(tmp_path / "case.yaml", "case.yaml")


def read_or_refused(data: str | bytes, name: str) -> ClinicalCommanderError | None:
    try:
        read_yaml(data, name)
    except ClinicalCommanderError as error:
        return error
    return None


@given(st.text(max_size=60) | st.text(alphabet="ab:-{}[]'\"&*!|>%@ \n#,?\\01~", max_size=60))
def test_no_text_ever_raises_anything_but_a_problem(text: str) -> None:
    refused = read_or_refused(text, "case.yaml")

    assert refused is None or refused.render()


@given(st.binary(max_size=40), st.sampled_from(["case.yaml", "case.json"]))
def test_no_bytes_ever_raise_anything_but_a_problem(data: bytes, name: str) -> None:
    refused = read_or_refused(data, name)

    assert refused is None or refused.render()


# --- JSON

VISIBLE = st.characters(
    codec="utf-8", exclude_categories=["Cc", "Cs", "Co", "Cn"], exclude_characters="\u2028\u2029\ufeff"
)
KEY = st.text(alphabet='abc_ é"', min_size=1, max_size=5)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.text(alphabet=VISIBLE, max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEY, inner, max_size=4),
    max_leaves=12,
)


@given(PLAIN, st.booleans(), st.sampled_from([None, 1, "\t"]))
def test_json_is_read_as_the_json_library_reads_it(data: object, ascii_only: bool, indent: int | str | None) -> None:
    text = json.dumps(data, ensure_ascii=ascii_only, indent=indent)

    assert plain_data(read_yaml(text, "case.json")) == data


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": 1,}', "case.json:1:8: CC115 A `,` stands before `}`."),
        ('{"a": 1 "b": 2}', "case.json:1:9: CC115 A `,` or `}` is missing."),
        ('{"a" 1}', "case.json:1:6: CC115 A `:` is missing after the key."),
        ("{a: 1}", 'case.json:1:2: CC115 A key in double quotes, `,` or `}` is missing.'),
        ('{"a": }', "case.json:1:7: CC115 A value is missing."),
        ('{"a": NaN}', "case.json:1:7: CC115 This is not a JSON value."),
        ('{"a": 01}', "case.json:1:7: CC115 This is not a JSON value."),
        ('{"a": "x}', "case.json:1:7: CC115 Unterminated string starting at."),
        ('{"a": 1} x', "case.json:1:10: CC115 The text goes on after its end."),
        ('{"a": 1,\n "a": 2}', "case.json:2:2: CC102 The key `a` stands twice in this mapping; first at"),
        ('{"a": "\\ud83d"}', "case.json:1:7: CC115 Half a character (a lone surrogate) stands in this text."),
        ("", "case.json:1:1: CC115 A value is missing."),
    ],
)  # fmt: skip
def test_a_fault_in_json_has_its_place(text: str, said: str) -> None:
    assert str(problems(text, "case.json")[0]).startswith(said)


def test_braces_of_yaml_are_not_taken_for_json() -> None:
    assert plain_data(read_yaml("{setting: ed, facts: {spo2: 86 %}}", "case.yaml")) == {
        "setting": "ed",
        "facts": {"spo2": "86 %"},
    }


def test_json_is_read_without_importing_the_yaml_library() -> None:
    code = (
        "import sys; from clinical_commander.dossier.source import read_yaml; "
        "read_yaml('{\"a\": [1, true]}', 'case.json'); sys.exit('yaml' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# --- reading key by key


def reader(text: str) -> tuple[Reader, list[Problem]]:
    found: list[Problem] = []
    return Reader(read_yaml(text, "case.yaml"), "trigger `x`", found), found


@pytest.mark.parametrize(
    ("word", "mend"), [("no", "false"), ("off", "false"), ("yes", "true"), ("On", "true"), ("1", "true")]
)
def test_a_bare_word_where_true_or_false_belongs_is_told_which_to_write(word: str, mend: str) -> None:
    item, found = reader(f"reassures: {word}\n")

    item.boolean("reassures")

    assert (
        str(found[0])
        == f"case.yaml:1:12: CC404 `reassures` of trigger `x` is true or false; `{word}` is neither. Write `{mend}`."
    )


def test_unknown_missing_and_misshapen_keys_are_all_reported() -> None:
    item, found = reader("titel: A\ncite: expert\nvalues: {a: 1}\nwhen: ''\nlimit: x\nkind: colour\n")

    item.text("title")
    item.texts("cite")
    item.texts_or("values")
    item.expression("when")
    item.integer_or("limit", 0)
    item.choice("kind", ("colours", "shapes"))
    item.done()

    assert [str(p) for p in found] == [
        "case.yaml:1:1: CC402 trigger `x` has no `title`. Add `title:`.",
        "case.yaml:2:7: CC403 `cite` of trigger `x` is text. Write a list: `cite: [...]`.",
        "case.yaml:3:9: CC403 `values` of trigger `x` is a mapping. Write a list: `values: [...]`.",
        "case.yaml:4:7: CC407 `when` of trigger `x` is empty. Write the when, or leave the key out.",
        "case.yaml:5:8: CC405 `limit` of trigger `x` is a whole number; `x` is not. Write digits alone.",
        "case.yaml:6:7: CC406 `kind: colour` is not known in trigger `x`. Did you mean `colours`?",
        "case.yaml:1:1: CC401 `titel` is not a key of trigger `x`. Did you mean `title`?",
    ]


def test_a_truth_value_where_text_belongs_is_told_to_be_quoted() -> None:
    item, found = reader("title: true\n")

    item.text("title")

    assert str(found[0]) == 'case.yaml:1:8: CC403 `title` of trigger `x` is `true`, not text. Write `"true"` for text.'


def test_an_id_that_stands_twice_in_a_list_is_reported_with_both_places() -> None:
    item, found = reader("rows:\n- {id: a}\n- {id: a}\n")

    item.listed("rows", "row")

    assert str(found[0]) == "case.yaml:3:8: CC412 row `a` stands twice; first at case.yaml:2:8. Give each its own id."
