"""moto as another AWS than ours: its threaded server in a child process, and what it does otherwise than AWS, in one table.

In a child, because importing moto hooks into botocore, and these tests are about an unmodified one.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import httpx
from botocore.config import Config

from tests.support.simulated import environment

if TYPE_CHECKING:
    from collections.abc import Iterator

ACCOUNT = "111122223333"
ONE_TRY = Config(connect_timeout=1, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 1})
"""What moto does not know is an internal error to it, which botocore would try again."""
_NO_COMPOSITES = "has no PutCompositeAlarm"
_NO_SIGNATURE_VERSION = "keeps the SignatureVersion of a topic and never tells it"
_NO_DASHBOARD_TAGS = "forgets the tags of a dashboard, so that none is ours"
DIFFERENCES = {
    "test_a_composite_needs_its_children_first_and_they_outlive_it": _NO_COMPOSITES,
    "test_everything_made_reads_back_as_it_was_declared[composite]": _NO_COMPOSITES,
    "test_an_alarm_that_warms_up_reads_back_as_it_was_declared": "drops the WarmUpConfiguration of an alarm",
    "test_everything_made_reads_back_as_it_was_declared[topic]": _NO_SIGNATURE_VERSION,
    "test_everything_made_reads_back_as_it_was_declared[subscription]": _NO_SIGNATURE_VERSION,
    "test_a_topic_can_be_tagged_and_told_to_sign_anew": _NO_SIGNATURE_VERSION,
    "test_what_was_applied_needs_no_further_change": _NO_DASHBOARD_TAGS,
    "test_another_address_of_our_pages_changes_every_dashboard": _NO_DASHBOARD_TAGS,
    "test_a_component_that_is_gone_takes_its_dashboard_with_it": _NO_DASHBOARD_TAGS,
    "test_a_panel_that_somebody_moved_is_drift_and_is_put_back_only_on_request": _NO_DASHBOARD_TAGS,
    "test_everything_goes_when_the_estate_is_destroyed": _NO_DASHBOARD_TAGS,
    "test_another_estate_is_not_seen": _NO_DASHBOARD_TAGS,
    "test_a_metric_is_another_one_without_its_dimensions": "adds up a metric over its dimensions when none is asked for",
    "test_a_metric_is_another_one_in_another_namespace": "looks at the dimensions and not at the namespace",
    "test_an_extended_statistic_is_of_the_samples_of_the_minute": "computes no percentile, TC or PR: an internal error",
    **{
        f"test_what_sns_would_refuse_is_a_permanent_error[{what}]": "checks of a message only how long it is"
        for what in ("subject of two lines", "subject beyond ASCII", "empty subject", "empty body")
    },
}
"""Name of a contract test -> why moto cannot pass it. Each must fail there: an entry that moto has outgrown is an error."""
_ROOT = Path(__file__).parents[2]


class Moto:
    """A running server. It tells accounts apart by the keys that its STS gave: these are of a role of `ACCOUNT`."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._sts = boto3.client(
            "sts", region_name="us-east-1", endpoint_url=url, aws_access_key_id="x", aws_secret_access_key="x", config=ONE_TRY
        )
        self._keys: dict[str, str] = {}

    @property
    def environment(self) -> dict[str, str]:
        """Of a session that finds it."""
        return {**environment(self.url), **{name.upper(): value for name, value in self._keys.items()}}

    def forget(self) -> None:
        """All of its resources, and the keys."""
        httpx.post(f"{self.url}/moto-api/reset", trust_env=False).raise_for_status()
        answer = self._sts.assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/tests", RoleSessionName="tests")
        given = answer["Credentials"]
        self._keys = {
            "aws_access_key_id": given["AccessKeyId"],
            "aws_secret_access_key": given["SecretAccessKey"],
            "aws_session_token": given["SessionToken"],
        }

    def client(self, service: str, region: str = "us-east-1") -> Any:
        """An unmodified boto3, as somebody else in the account would use it."""
        return boto3.client(service, region_name=region, endpoint_url=self.url, config=ONE_TRY, **self._keys)


def difference(test: str) -> str | None:
    """Of a test by its name, with or without what it is parametrized with."""
    name, _, parameters = test.rstrip("]").partition("[")
    others = "-".join(p for p in parameters.split("-") if p != "moto")
    return DIFFERENCES.get(f"{name}[{others}]") or DIFFERENCES.get(name)


@contextmanager
def running() -> Iterator[Moto]:
    """The child ends with its standard input, so also when this process is killed."""
    command = [sys.executable, "-m", "tests.support.moto_account"]
    own = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MOTO_", "SLOOP_"))}
    with subprocess.Popen(
        command, cwd=_ROOT, env=own, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        port = child.stdout.readline().strip()
        assert port.isdecimal(), f"moto's server did not start; try {' '.join(command)}"
        try:
            yield Moto(f"http://127.0.0.1:{port}")
        finally:
            child.stdin.close()
            child.wait(10)


def serve() -> None:
    """Prints its port and runs until its input ends: the server's thread is a daemon."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    print(server.get_host_and_port()[1], flush=True)  # noqa: T201
    sys.stdin.read()


if __name__ == "__main__":
    serve()
