"""Policies in one spelling, so that what AWS gives back is what was declared."""

from __future__ import annotations

import json

from alerts.policies import RETRIES, found_document, found_policy, queue_policy, topic_policy
from slo.resource import Place

HERE = Place("main", "cn-north-1", "111122223333")
ARN = HERE.arn("sns", "pages")


def test_only_the_account_its_alarms_and_its_rules_may_publish() -> None:
    statements = {s["Sid"]: s for s in topic_policy(ARN, HERE)["Statement"]}
    assert statements["owner"]["Principal"] == {"AWS": "arn:aws-cn:iam::111122223333:root"}
    assert statements["alarms"]["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert statements["alarms"]["Condition"] == {
        "ArnLike": {"aws:SourceArn": "arn:aws-cn:cloudwatch:cn-north-1:111122223333:alarm:*"},
        "StringEquals": {"aws:SourceAccount": "111122223333"},
    }
    assert statements["events"]["Principal"] == {"Service": "events.amazonaws.com"}
    assert {s["Resource"] for s in statements.values()} == {ARN}


def test_order_and_lists_of_one_do_not_matter() -> None:
    declared = topic_policy(ARN, HERE)
    told = [
        {**s, "Resource": [s["Resource"]], "Action": s["Action"][::-1] if isinstance(s["Action"], list) else [s["Action"]]}
        for s in reversed(declared["Statement"])
    ]
    assert found_policy(json.dumps({"Id": "x", "Version": declared["Version"], "Statement": told})) == declared
    assert found_policy(json.dumps(declared)) == declared


def test_another_statement_is_another_policy() -> None:
    declared = queue_policy("q", [ARN])
    more = {**declared, "Statement": [*declared["Statement"], {"Sid": "x", "Effect": "Allow", "Principal": "*"}]}
    assert found_policy(json.dumps(more)) != declared


def test_what_was_not_asked_for_does_not_count() -> None:
    assert found_document('{"http": {"a": 1.0, "b": null}}') == {"http": {"a": 1}}
    assert found_document("") is None
    assert found_policy(None) is None
    assert found_policy('{"Version": "x"}') == {"Version": "x"}


def test_retries_fit_into_the_hour_that_sns_gives() -> None:
    policy = RETRIES["http"]["defaultHealthyRetryPolicy"]
    least, most = policy["minDelayTarget"], policy["maxDelayTarget"]
    between = policy["numRetries"] - policy["numMinDelayRetries"] - policy["numMaxDelayRetries"]
    seconds = policy["numMinDelayRetries"] * least + policy["numMaxDelayRetries"] * most + between * (least + most) / 2
    assert 3000 < seconds <= 3600
    assert policy["numRetries"] <= 100
