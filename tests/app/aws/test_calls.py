from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from app.aws.calls import as_tags, call, of_tags, pages, unless_gone
from slo.errors import AccessDenied, SourceError


def refusing(code: str) -> Any:
    def operation(**_: object) -> None:
        raise ClientError({"Error": {"Code": code, "Message": "no"}}, "GetThing")

    return operation


@pytest.mark.parametrize("code", ["ResourceNotFound", "DashboardNotFoundError", "NotFound"])
def test_what_is_gone_is_none_and_no_error(code: str) -> None:
    assert unless_gone("x:GetThing", refusing(code)) is None


def test_a_denied_call_is_an_error_that_names_the_action_also_where_gone_is_fine() -> None:
    for asked in (call, unless_gone):
        with pytest.raises(AccessDenied, match="allow the IAM action x:GetThing"):
            asked("x:GetThing", refusing("AccessDenied"))


def test_a_page_that_somebody_on_the_way_answers_with_is_an_error_in_one_line() -> None:
    def operation(**_: object) -> None:
        raise ResponseParserError("Unable to parse response, invalid XML received:\n<html>Bad Gateway</html>")

    with pytest.raises(SourceError, match="x:GetThing: the answer is none of AWS; trying again may help") as caught:
        call("x:GetThing", operation)
    assert caught.value.retryable


def test_every_page_is_asked_for_with_the_token_of_the_one_before() -> None:
    asked: list[dict[str, object]] = []
    answers = iter([{"n": 1, "NextToken": "a"}, {"n": 2, "NextToken": "b"}, {"n": 3}])

    def operation(**request: object) -> object:
        asked.append(request)
        return next(answers)

    assert [page["n"] for page in pages("x:List", operation, {"Max": 1})] == [1, 2, 3]
    assert asked == [{"Max": 1}, {"Max": 1, "NextToken": "a"}, {"Max": 1, "NextToken": "b"}]


def test_a_token_that_comes_back_is_an_error_and_no_endless_loop() -> None:
    with pytest.raises(SourceError, match="the same NextToken came twice"):
        list(pages("x:List", lambda **_: {"NextToken": "a"}, {}))


def test_tags_are_the_same_there_and_back() -> None:
    assert as_tags({"b": "2", "a": "1"}) == [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
    assert of_tags(as_tags({"b": "2", "a": "1"})) == {"a": "1", "b": "2"}
