"""AwsSession against a stand-in of STS and CloudWatch behind a real socket."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import pytest
from botocore.config import Config

from app.aws.metrics import CloudWatchSource
from app.aws.session import AwsSession
from app.ports import Span
from slo.errors import AccessDenied, SourceError
from slo.estate.indicator import MetricQuery
from slo.estate.spec import Account
from slo.judge.answer import Failed, Series
from tests.support.answering import Asked, Said, answering
from tests.support.simulated import environment

if TYPE_CHECKING:
    from collections.abc import Iterator

ROLE = "arn:aws:iam::444455556666:role/sloop-reader"
ACCOUNTS = {
    "main": Account("main", "111122223333", "us-east-1"),
    "other": Account("other", "444455556666", "eu-west-1", ROLE),
    "seen": Account("seen", "777788889999", "eu-west-1", "arn:aws:iam::777788889999:role/for-alarms", "other"),
}
SPAN = Span(29_900_000, 29_900_010)
ONE_TRY = Config(connect_timeout=1, read_timeout=5, retries={"total_max_attempts": 1})
DENIED = """<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>
<Code>AccessDenied</Code><Message>sloop may not assume the role</Message></Error><RequestId>r</RequestId></ErrorResponse>"""
ASSUMED = """<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><AssumedRoleUser>
<AssumedRoleId>A:sloop</AssumedRoleId><Arn>arn:aws:sts::444455556666:assumed-role/sloop-reader/sloop</Arn></AssumedRoleUser>
<Credentials><AccessKeyId>AKIDROLE{number}</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>token{number}</SessionToken>
<Expiration>{until}</Expiration></Credentials></AssumeRoleResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata>
</AssumeRoleResponse>"""


@dataclass
class Aws:
    """What was asked of STS (its form) and of CloudWatch (its headers); credentials are good for `lifetime`."""

    url: str = ""
    lifetime: timedelta = timedelta(hours=1)
    denied: bool = False
    expired: set[str] = field(default_factory=set)
    forms: list[dict[str, list[str]]] = field(default_factory=list)
    signed: list[tuple[str, str | None]] = field(default_factory=list)

    def answer(self, asked: Asked) -> Said:
        key = asked.headers["authorization"].split("Credential=")[1].split("/aws4_request")[0]
        if b"Action=AssumeRole" in asked.body:
            self.forms.append(parse_qs(asked.body.decode()) | {"key": [key]})
            until = (datetime.now(UTC) + self.lifetime).strftime("%Y-%m-%dT%H:%M:%SZ")
            body = DENIED if self.denied else ASSUMED.format(number=len(self.forms), until=until)
            return Said(403 if self.denied else 200, [body.encode()], "text/xml")
        token = asked.headers.get("x-amz-security-token")
        self.signed.append((key, token))
        if token in self.expired:
            return Said(403, [b'{"__type":"ExpiredTokenException","message":"expired"}'])
        return Said(200, [b'{"MetricDataResults":[{"Id":"q0","Timestamps":[],"Values":[],"StatusCode":"Complete"}]}'])


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    aws = Aws()
    with answering(aws.answer) as aws.url:
        for name, value in environment(aws.url).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", aws.url)
        yield aws


@pytest.fixture
def session(aws: Aws) -> Iterator[AwsSession]:
    del aws  # its environment is there
    session = AwsSession(ACCOUNTS, config=ONE_TRY)
    yield session
    for client in session._clients.values():
        client.close()


def query(account: str | None, region: str = "eu-west-1") -> MetricQuery:
    return MetricQuery(account, region, "Shop", "Errors", (), "Sum")


def test_an_account_without_a_role_uses_the_credentials_of_the_environment(aws: Aws, session: AwsSession) -> None:
    CloudWatchSource(session).fetch([query("main", "us-east-1")], SPAN)
    day = datetime.now(UTC).strftime("%Y%m%d")
    assert aws.signed == [(f"AKIDOWN/{day}/us-east-1/monitoring", None)]
    assert aws.forms == []


def test_an_account_with_a_role_is_read_as_that_role_which_is_assumed_once_in_its_region(aws: Aws, session: AwsSession) -> None:
    for _ in range(2):
        answers = CloudWatchSource(session).fetch([query("other")], SPAN)
        assert isinstance(answers[query("other")], Series)
    (form,) = aws.forms
    assert (form["RoleArn"], form["RoleSessionName"]) == ([ROLE], ["sloop"])
    day = datetime.now(UTC).strftime("%Y%m%d")
    assert form["key"] == [f"AKIDOWN/{day}/eu-west-1/sts"]
    assert aws.signed == [(f"AKIDROLE1/{day}/eu-west-1/monitoring", "token1")] * 2


def test_a_monitored_account_is_read_as_the_role_of_the_account_that_monitors_it(aws: Aws, session: AwsSession) -> None:
    CloudWatchSource(session).fetch([query("seen"), query("other")], SPAN)
    assert [form["RoleArn"] for form in aws.forms] == [[ROLE]]
    assert [token for _, token in aws.signed] == ["token1"]
    session.client("cloudwatch", "seen").describe_alarms()
    assert aws.forms[-1]["RoleArn"] == ["arn:aws:iam::777788889999:role/for-alarms"]


def test_credentials_that_are_about_to_expire_are_fetched_anew(aws: Aws, session: AwsSession) -> None:
    aws.lifetime = timedelta(minutes=5)
    for _ in range(2):
        CloudWatchSource(session).fetch([query("other")], SPAN)
    assert [token for _, token in aws.signed] == ["token1", "token2"]


def test_f06_a_role_whose_session_was_revoked_is_assumed_anew(aws: Aws, session: AwsSession) -> None:
    source = CloudWatchSource(session)
    source.fetch([query("other")], SPAN)
    aws.expired = {"token1"}
    assert isinstance(source.fetch([query("other")], SPAN)[query("other")], Series)
    assert [token for _, token in aws.signed] == ["token1", "token1", "token2"]


def test_a_role_that_may_not_be_assumed_names_the_permission_and_stops_no_other_account(aws: Aws, session: AwsSession) -> None:
    aws.denied = True
    with pytest.raises(AccessDenied) as caught:
        CloudWatchSource(session).fetch([query("other")], SPAN)
    assert str(caught.value) == (
        "sts:AssumeRole: AccessDenied: sloop may not assume the role; allow the IAM action sts:AssumeRole"
    )
    own = query("main", "us-east-1")
    answers = CloudWatchSource(session).fetch([query("other"), own], SPAN)
    assert isinstance(answers[query("other")], Failed)
    assert isinstance(answers[own], Series)


@pytest.mark.parametrize("account", ["main", "other"])
def test_without_credentials_there_is_one_line_that_says_so(
    aws: Aws, session: AwsSession, monkeypatch: pytest.MonkeyPatch, account: str
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(SourceError, match="Unable to locate credentials") as caught:
        CloudWatchSource(session).fetch([query(account)], SPAN)
    assert not caught.value.retryable
    assert "\n" not in str(caught.value)
    assert aws.signed == []


def test_a_profile_that_does_not_exist_is_named(session: AwsSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(SourceError, match="nobody"):
        CloudWatchSource(session).fetch([query(None)], SPAN)


def test_clients_are_made_once_per_service_account_and_region(session: AwsSession) -> None:
    first = session.client("cloudwatch", "main")
    assert session.client("cloudwatch", "main", "us-east-1") is first
    assert session.client("cloudwatch", "main", "eu-west-1") is not first
    assert session.client("cloudwatch") is not first
    assert session.client("cloudwatch", "other").meta.region_name == "eu-west-1"
