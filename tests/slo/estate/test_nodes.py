from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slo.estate import nodes
from slo.estate.tree import Fields, Items, Node, Scalar

if TYPE_CHECKING:
    from slo.errors import Problem


def document(text: str, file: str = "a.yaml") -> Node:
    contents = nodes.read(file, text.encode())
    assert contents.log.found == []
    return contents.documents[0]


def problems(data: str | bytes, file: str = "a.yaml") -> list[Problem]:
    return nodes.read(file, data.encode() if isinstance(data, str) else data).log.found


def only(data: str | bytes, file: str = "a.yaml") -> tuple[str, int, str]:
    """(code, line, path) of the one problem."""
    [problem] = problems(data, file)
    assert problem.file == file
    return problem.code, problem.line, problem.path


def plain(node: Node) -> object:
    if isinstance(node, Scalar):
        return node.text
    if isinstance(node, Items):
        return [plain(n) for n in node.items]
    return {name: plain(n) for name, (_, n) in node.fields.items()}


def test_the_text_of_numbers_is_kept() -> None:
    node = document("target: 0.99900\nwindow: 30d\n")
    assert isinstance(node, Fields)
    assert node.fields["target"] == (1, Scalar(1, "0.99900", "float"))
    assert node.fields["window"] == (2, Scalar(2, "30d", "str"))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("5", "int"),
        ("-5", "int"),
        ("0", "int"),
        ("1e3", "float"),
        (".5", "float"),
        ("true", "bool"),
        ("~", "null"),
        ('"5"', "str"),
    ],
)
def test_a_scalar_says_what_it_reads_as(text: str, kind: str) -> None:
    node = document(f"[{text}]")
    assert isinstance(node, Items)
    assert isinstance(node.items[0], Scalar)
    assert node.items[0].kind == kind


@pytest.mark.parametrize(
    "text",
    [
        "NO",
        "no",
        "yes",
        "On",
        "off",
        "y",
        "N",
        "010",
        "0o10",
        "089",
        "1:30",
        "10:30:00",
        "1_000",
        ".inf",
        "-.Inf",
        ".NaN",
        "0x10",
        "0b1",
    ],
)
def test_a_value_that_reads_as_something_else_is_refused_unless_quoted(text: str) -> None:
    assert only(f"a:\n  - {text}\n") == ("surprising_value", 2, "a[0]")
    assert only(f"{text}: 1\n")[0] == "surprising_value"
    assert plain(document(f'a: ["{text}"]')) == {"a": [text]}


@pytest.mark.parametrize(
    "text", ["99.9%", "2026-03-01T00:00:00Z", "2026-03-01", "nothing", "none", "1.2.3", "a:b", "0m", "v0x10"]
)
def test_a_value_that_reads_as_it_looks_is_text(text: str) -> None:
    assert plain(document(f"[{text}]")) == [text]


def test_every_duplicate_key_is_told_with_both_lines() -> None:
    found = problems("a: 1\nb: {c: 1, c: 2}\na: 2\n")
    assert [(p.code, p.line, p.path) for p in found] == [("duplicate_key", 2, "b.c"), ("duplicate_key", 3, "a")]
    assert "line 1" in found[1].message


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("a:\n\t- 1\n", ("tab_indentation", 2, "")),
        ("a: {\n\tb: 1}\n", ("tab_indentation", 2, "")),
        (b"a: 1\nb: \xff\n", ("encoding", 2, "")),
        (b"a: 1\nb: \0\n", ("encoding", 2, "")),
        ("a: 1".encode("utf-16"), ("encoding", 1, "")),
        ("a: 1\nb: \x07\n", ("syntax", 2, "")),
        ("a: [1\n", ("syntax", 2, "")),
        ("x: &a {b: 1}\nz:\n  <<: *a\n", ("merge_key", 3, "z.<<")),
        ("x: !env HOME\n", ("custom_tag", 1, "x")),
        ("x: !!python/object:os.system {}\n", ("custom_tag", 1, "x")),
        ("x: !!int 5\n", ("custom_tag", 1, "x")),
        ("x:\n  ? [a, b]\n  : c\n", ("bad_key", 2, "x")),
        ("x: *nobody\n", ("syntax", 1, "x")),
        ("x: &a [*a]\n", ("recursive_alias", 1, "x[0]")),
        ("[" * 51 + "]" * 51, ("too_deep", 1, "[0]" * 50)),
        ("a: 1\n---\n" * 1001, ("too_many_documents", 2000, "")),
        ('x: "\\UFFFFFFFF"\n', ("syntax", 1, "")),
    ],
)
def test_what_is_refused_names_its_line_and_path(data: str | bytes, expected: tuple[str, int, str]) -> None:
    code, line, path = only(data)
    assert (code, line, path.replace("['<<']", ".<<")) == expected


def test_a_tab_inside_a_block_of_text_is_text() -> None:
    assert plain(document("a: |\n  one\n  \ttwo\nb: 1\n")) == {"a": "one\n\ttwo\n", "b": "1"}


def test_a_byte_order_mark_and_crlf_are_fine() -> None:
    contents = nodes.read("a.yaml", b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")
    assert contents.log.found == []
    assert plain(contents.documents[0]) == {"a": "1", "b": "2"}


def test_empty_documents_are_left_out() -> None:
    assert [plain(d) for d in nodes.read("a.yaml", b"# nothing\n---\n---\na: 1\n").documents] == [{"a": "1"}]


def test_fifty_levels_and_ten_thousand_aliased_nodes_are_still_read() -> None:
    assert isinstance(document("[" * 50 + "]" * 50), Items)
    node = document(f"a: &a [{','.join('x' * 99)}]\nb: [{','.join(['*a'] * 100)}]")
    assert isinstance(node, Fields)
    assert only(f"a: &a [{','.join('x' * 99)}]\nb: [{','.join(['*a'] * 101)}]") == ("too_many_nodes", 2, "b[100]")


def test_levels_are_counted_through_aliases() -> None:
    deep = f"a: &a {'[' * 30 + ']' * 30}\nb: {'[' * 25}*a{']' * 25}\n"
    assert only(deep)[:2] == ("too_deep", 2)


LAUGHS = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n" + "".join(f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 12))
HOSTILE = {
    "laughs.yaml": (LAUGHS.encode(), "too_many_nodes"),
    "lists.yaml": (b"[" * 100_000, "too_deep"),
    "mappings.yaml": (b"{a: " * 100_000, "too_deep"),
    "blocks.yaml": (b"- " * 100_000, "too_deep"),
    "lists.json": (b"[" * 100_000, "too_deep"),
    "mappings.json": (b'{"a":' * 100_000, "too_deep"),
    "large.yaml": (b"a" * 2_000_000, "too_large"),
    "large.json": (b" " * 1_000_001, "too_large"),
    "documents.yaml": (b"---\na\n" * 100_000, "too_many_documents"),
    "tabs.yaml": (b"\ta: 1\n" * 100_000, "tab_indentation"),
}


@pytest.mark.parametrize("file", HOSTILE)
def test_a_hostile_file_is_refused_in_a_moment(file: str) -> None:
    data, code = HOSTILE[file]
    started = time.process_time()
    assert problems(data, file)[0].code == code
    assert time.process_time() - started < 2


def test_problems_are_capped_per_file() -> None:
    found = problems(b"[" + b"no," * 100_000 + b"]")
    assert len(found) == 1001
    assert found[-1].code == "too_many_problems"


def test_json_keeps_the_text_of_numbers_and_its_lines() -> None:
    node = document('{\n\t"a": 0.10,\n\t"b": [true, null, "\\ud83d\\ude00"]}', "a.json")
    assert plain(node) == {"a": "0.10", "b": ["true", "null", "😀"]}
    assert isinstance(node, Fields)
    assert node.fields["b"][0] == 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": 1,\n"a": 2}', ("duplicate_key", 2, "a")),
        ('{"a": [1,\n]}', ("syntax", 1, "a")),
        ('{"a": 010}', ("syntax", 1, "")),
        ('{"a": NaN}', ("syntax", 1, "a")),
        ("{'a': 1}", ("syntax", 1, "")),
        ('{"a" 1}', ("syntax", 1, "a")),
        ('{"a": "\\ud83d"}', ("syntax", 1, "a")),
        ('{"a": 1} {}', ("syntax", 1, "")),
        ('{"a": "x\n"}', ("syntax", 1, "a")),
        ("", ("syntax", 1, "")),
    ],
)
def test_what_is_not_json_is_refused(text: str, expected: tuple[str, int, str]) -> None:
    assert only(text, "a.json") == expected


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=20,
)


def as_text(value: object) -> object:
    if isinstance(value, dict):
        return {key: as_text(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [as_text(inner) for inner in value]
    return value if isinstance(value, str) else json.dumps(value)


@given(json_values, st.sampled_from([None, "\t"]))
def test_any_json_is_read_as_the_standard_library_reads_it(value: object, indent: str | None) -> None:
    contents = nodes.read("a.json", json.dumps(value, indent=indent).encode())
    assert contents.log.found == []
    assert plain(contents.documents[0]) == as_text(value)


@given(
    st.binary(max_size=300) | st.text(max_size=300).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.sampled_from(["a.yaml", "a.json"]),
)
def test_no_bytes_make_the_reader_raise(data: bytes, file: str) -> None:
    contents = nodes.read(file, data)
    assert all(p.file == file and 1 <= p.line <= data.count(b"\n") + data.count(b"\r") + 310 for p in contents.log.found)


@given(st.text("[]{},:&*a- \n\t\"'?!|>#%@~0", max_size=60))
def test_no_punctuation_makes_the_reader_raise(text: str) -> None:
    contents = nodes.read("a.yaml", text.encode())
    assert isinstance(contents.documents, tuple)
