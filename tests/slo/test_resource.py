from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from slo.resource import Place, canonical, normal, sha256

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON)
def test_the_normal_form_is_reached_in_one_step_and_survives_a_file(value: object) -> None:
    once = normal(value)
    assert normal(once) == once
    assert normal(json.loads(canonical(once))) == once


def test_a_whole_number_has_one_spelling_and_a_flag_is_no_number() -> None:
    assert canonical(normal({"b": 5.0, "a": (True, 1e300, 0.5)})) == '{"a":[true,1e+300,0.5],"b":5}'


def test_the_order_of_keys_makes_no_other_hash() -> None:
    assert sha256({"a": 1, "b": 2}) == sha256({"b": 2, "a": 1})


def test_arns_name_the_partition_of_their_region() -> None:
    regions = ("us-east-1", "cn-north-1", "us-gov-west-1")
    assert [Place("main", r, "1", None).arn("sns", "x") for r in regions] == [
        "arn:aws:sns:us-east-1:1:x",
        "arn:aws-cn:sns:cn-north-1:1:x",
        "arn:aws-us-gov:sns:us-gov-west-1:1:x",
    ]
