from __future__ import annotations

import pytest

from slo.judge.recovery_point import Unknown
from slo.judge.replica import replica_point

AT = 1_800_000_000


def test_a_replica_is_behind_by_its_lag() -> None:
    assert replica_point(AT, 12.4, replicating=True, written=1e6) == (AT - 12, None)


@pytest.mark.parametrize(("lag", "replicating"), [(-1.0, True), (3.0, False)])
def test_a_replica_that_stopped_is_unknown_whatever_its_lag(lag: float, replicating: bool) -> None:
    newest, _ = replica_point(AT, lag, replicating=replicating, written=None)
    assert isinstance(newest, Unknown)
    assert newest.code == "replication_stopped"


def test_no_datapoint_is_not_no_lag() -> None:
    assert replica_point(AT, None, replicating=True, written=None)[0] == Unknown(
        "no_data", "ReplicaLag had no datapoint in 15 min"
    )


@pytest.mark.parametrize(
    ("lag", "written", "idle"), [(240.0, 100.0, True), (240.0, 1e5, False), (240.0, None, False), (900.0, 100.0, False)]
)
def test_only_a_lag_of_up_to_five_minutes_on_a_silent_source_is_called_idle(lag: float, written: float, idle: bool) -> None:
    newest, note = replica_point(AT, lag, replicating=True, written=written)
    assert newest == AT - round(lag)
    assert (note is not None) == idle
