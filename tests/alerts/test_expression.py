from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.expression import Array, Binary, Call, Name, Negated, Number, names, parse

if TYPE_CHECKING:
    from alerts.expression import Node


def test_products_bind_tighter_than_sums_and_both_from_the_left() -> None:
    assert parse("a - b - c * 2") == Binary("-", Binary("-", Name("a"), Name("b")), Binary("*", Name("c"), Number(2.0)))


def test_comparisons_bind_tighter_than_and_and_and_than_or() -> None:
    tree = parse("a > 1 || b < 2 && c == -3")
    right = Binary("AND", Binary("<", Name("b"), Number(2.0)), Binary("==", Name("c"), Negated(Number(3.0))))
    assert tree == Binary("OR", Binary(">", Name("a"), Number(1.0)), right)


def test_an_expression_names_the_ids_it_reads_and_not_its_keywords() -> None:
    assert names(parse("IF(m1 >= 10, FILL(m2, REPEAT) / SUM([m1, m_3]), -e1)")) == {"m1", "m2", "m_3", "e1"}


def test_a_call_keeps_its_arguments_in_order() -> None:
    assert parse("FILL(m1, 0)") == Call("FILL", (Name("m1"), Number(0.0)))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "m1 +",
        "* 2",
        "(m1",
        "m1)",
        "[m1",
        "m1 m2",
        "M1",
        "SUM",
        "SEARCH('x')",
        "RATE(m1)",
        "IF(m1)",
        "SUM(m1, m2)",
        "m1 % 2",
        "1..2",
    ],
)
def test_what_is_not_in_the_grammar_is_an_error_that_shows_the_expression(text: str) -> None:
    with pytest.raises(ValueError, match="expression") as caught:
        parse(text)
    assert repr(text)[1:-1][:3] in str(caught.value)


@pytest.mark.parametrize("text", ["(" * 60 + "m1" + ")" * 60, "-" * 60 + "m1", "m1" + " + m1" * 400, "1" * 2049])
def test_a_wall_of_brackets_or_operators_is_an_error_and_not_a_stack_overflow(text: str) -> None:
    with pytest.raises(ValueError, match="the expression"):
        parse(text)


def problem(text: str) -> str | None:
    """None when it parses."""
    try:
        parse(text)
    except ValueError as error:
        return str(error)
    return None


@given(st.text(alphabet="m1+-*/()<>=&|,[] IFSUM.0", max_size=40))
def test_any_text_is_either_read_or_refused_with_a_reason(text: str) -> None:
    refused = problem(text)
    assert refused is None or "expression" in refused


trees = st.recursive(
    st.one_of(st.integers(0, 99).map(lambda n: Number(float(n))), st.sampled_from(["m1", "e_2"]).map(Name)),
    lambda inner: st.one_of(
        st.builds(Binary, st.sampled_from(["+", "-", "*", "/", "==", "<=", "AND", "OR"]), inner, inner),
        st.builds(Negated, inner),
        st.builds(Array, st.lists(inner, min_size=1, max_size=3).map(tuple)),
        st.builds(Call, st.just("FILL"), st.tuples(inner, inner)),
    ),
    max_leaves=8,
)


def written(node: Node) -> str:
    """With every bracket there could be."""
    match node:
        case Number(value):
            return f"{value:g}"
        case Name(name):
            return name
        case Array(items):
            return f"[{', '.join(map(written, items))}]"
        case Negated(operand):
            return f"-({written(operand)})"
        case Binary(operator, left, right):
            return f"({written(left)}) {operator} ({written(right)})"
        case Call(function, arguments):
            return f"{function}({', '.join(map(written, arguments))})"


@given(trees)
def test_what_is_written_with_all_brackets_is_read_back_as_it_was(tree: Node) -> None:
    assert parse(written(tree)) == tree
