from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from app.cli.main import run
from slo.iam import ROLES, policy

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
SMALL = ROOT / "tests" / "golden" / "plan" / "small.yaml"
USAGE, LIMIT = 64, 6144
"""Characters that IAM takes in a managed policy, blanks not counted."""


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    assert run(["iam-policy", *arguments]) == 0
    return json.loads(capsys.readouterr().out)


def resources(document: dict[str, Any]) -> Iterator[str]:
    for statement in document["Statement"]:
        given = statement["Resource"]
        yield from [given] if isinstance(given, str) else given


def test_without_a_role_it_prints_each_by_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    every = told(capsys)
    assert list(every) == list(ROLES)
    assert every["apply"] == told(capsys, "apply") == policy("apply")
    assert list(told(capsys, str(SMALL), "--json")) == list(ROLES)


@pytest.mark.parametrize("role", list(ROLES))
def test_an_estate_narrows_it_to_its_name_its_accounts_and_regions(role: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = told(capsys, role, str(SMALL))
    ours = [arn for arn in resources(found) if "sloop" in arn]
    assert all("111122223333" in arn and ("sloop/small/" in arn or "sloop-small-" in arn) for arn in ours)
    assert bool(ours) == (role in ("service", "plan", "apply"))
    assert [s["Effect"] for s in found["Statement"]] == ["Allow"] * len(found["Statement"])
    assert len(json.dumps(found, separators=(",", ":"))) < LIMIT


def test_alarms_may_tell_our_topics_only_and_metrics_be_put_in_our_namespace_only(capsys: pytest.CaptureFixture[str]) -> None:
    conditions = {
        action: statement.get("Condition")
        for role in ("apply", "service")
        for statement in told(capsys, role, str(SMALL))["Statement"]
        for action in statement["Action"]
    }
    assert conditions["cloudwatch:PutMetricData"] == {"StringEquals": {"cloudwatch:namespace": "Sloop"}}
    topics = conditions["cloudwatch:PutMetricAlarm"]["ForAllValues:StringLike"]["cloudwatch:AlarmActions"]
    assert topics
    assert all(arn.startswith("arn:aws:sns:") and arn.endswith(":111122223333:sloop-small-*") for arn in topics)
    assert conditions["cloudwatch:PutCompositeAlarm"] == conditions["cloudwatch:PutMetricAlarm"]


def test_only_the_roles_that_an_estate_names_may_be_taken_on(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    role = "arn:aws:iam::111122223333:role/sloop"
    text = SMALL.read_text(encoding="utf-8")
    estate = tmp_path / "estate.yaml"
    estate.write_text(text.replace('id: "111122223333",', f'id: "111122223333", role_arn: "{role}",'), encoding="utf-8")
    assert "sts:AssumeRole" not in json.dumps(told(capsys))
    assert "sts:AssumeRole" not in json.dumps(told(capsys, str(SMALL)))
    taking = [s for s in told(capsys, "plan", str(estate))["Statement"] if s["Action"] == ["sts:AssumeRole"]]
    assert [s["Resource"] for s in taking] == [role]


def test_an_unknown_role_is_named_with_those_that_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["iam-policy", "admin"]) == USAGE
    assert capsys.readouterr().err == "sloop: no role 'admin'; there are service, recovery, plan, apply, discover\n"


def test_no_page_holds_a_policy_that_could_fall_behind() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    assert [page.name for page in pages if '"Statement"' in page.read_text(encoding="utf-8")] == []


def test_it_starts_without_boto3_and_the_database() -> None:
    program = "import sys; from app.cli.main import run; run(['iam-policy']); print(*sys.modules, file=sys.stderr)"
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True, timeout=30)
    assert json.loads(ended.stdout)
    assert not {"boto3", "sqlalchemy", "numpy", "fastapi"} & set(ended.stderr.split())
