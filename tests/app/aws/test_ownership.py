"""Whose alarms they are, read in few calls, also while the tag index is behind; and whose credentials."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from app.aws.alarms import PAGE, AwsAlarms
from app.aws.identity import AwsIdentity
from app.aws.session import AwsSession
from app.cli.main import run
from slo.errors import WrongAccount
from slo.plan import Change, Field
from slo.resource import OWNER, Resource
from tests.support.account import Account, account
from tests.support.wishes import GOLDEN, desired, small_estate, wanted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SMALL = small_estate()
CPU = next(r for r in desired(SMALL) if r.name.endswith("database/cpu-high"))


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with account() as found:
        for name, value in found.environment.items():
            monkeypatch.setenv(name, value)
        yield found


def adapter() -> AwsAlarms:
    return AwsAlarms(AwsSession({a.name: a for a in SMALL.accounts}), wanted(SMALL).places, lambda: None)


def arn(resource: Resource) -> str:
    return f"arn:aws:cloudwatch:{resource.region}:111122223333:alarm:{resource.name}"


def fill(alarms: AwsAlarms, count: int) -> None:
    for number in range(count):
        alarms.write(Change("create", None, replace(CPU, name=f"sloop/small/database/{number:03}")))


def test_tags_of_hundreds_of_alarms_are_read_by_the_hundred(aws: Account) -> None:
    fill(adapter(), 2 * PAGE + 1)
    aws.forget()
    found = adapter().read("small")
    assert len(found) == 2 * PAGE + 1
    assert all(live.resource.belongs_to("small") for live in found)
    assert aws.asked == {"GetResources": 4, "DescribeAlarms": 4}, "three pages here, and the empty one of the global region"


def test_f65_an_alarm_that_the_tag_index_does_not_know_yet_is_asked_by_itself(aws: Account) -> None:
    alarms = adapter()
    fill(alarms, 2)
    aws.around.index.unknown.add(arn(replace(CPU, name="sloop/small/database/001")))
    aws.forget()
    assert all(live.resource.belongs_to("small") for live in alarms.read("small"))
    assert aws.asked["ListTagsForResource"] == 1


def test_an_alarm_without_our_tags_is_not_ours_however_it_is_called(aws: Account) -> None:
    cloudwatch = aws.client("cloudwatch", CPU.region)
    cloudwatch.put_metric_alarm(AlarmName=CPU.name, **CPU.spec, Tags=[{"Key": "team", "Value": "theirs"}])
    (live,) = adapter().read("small")
    assert live.resource.tags == {"team": "theirs"}
    assert not live.resource.belongs_to("small")


def test_f65_an_index_with_the_tags_of_before_is_not_believed(aws: Account) -> None:
    alarms = adapter()
    alarms.write(Change("create", None, CPU))
    now = replace(CPU, tags={**CPU.tags, OWNER: "team-new"})
    alarms.write(Change("tag", CPU, now, (Field(f"tags.{OWNER}", None, "team-new"),)))
    old = {arn(CPU): dict(CPU.tags)}
    aws.around.index.sources = (lambda _region: old,)
    (live,) = alarms.read("small")
    assert live.resource.tags[OWNER] == "team-new"


def test_f67_the_account_is_asked_once_and_another_one_is_refused(aws: Account) -> None:
    session, places = AwsSession({a.name: a for a in SMALL.accounts}), wanted(SMALL).places
    identity = AwsIdentity(session, places)
    identity.check()
    identity.check()
    assert aws.asked == {"GetCallerIdentity": 1}
    strange = AwsIdentity(session, [replace(p, id="999988887777") for p in places])
    with pytest.raises(WrongAccount, match="declared as 999988887777, and these credentials are of 111122223333"):
        strange.check()


@pytest.mark.parametrize("command", [["plan"], ["drift"], ["apply"], ["destroy", "--yes"]])
def test_f67_every_command_ends_with_3_and_asks_nothing_else(
    aws: Account,
    command: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    estate = tmp_path / "small.yaml"
    estate.write_text((GOLDEN / "small.yaml").read_text(encoding="utf-8").replace("111122223333", "999988887777"))
    monkeypatch.setenv("SLOOP_ESTATE", str(estate))
    assert run(command) == 3
    assert "use the credentials or the role of that account" in capsys.readouterr().err
    assert aws.asked == {"GetCallerIdentity": 1}
