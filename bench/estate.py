"""What a pipeline and an auditor wait for on the reference estate: `sloop plan`, the weekly report, and its verification."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from figures import of_samples, report

from app import pipeline
from app.aws.session import AwsSession
from app.binding import bind
from app.bootstrap_sources import feeds
from app.demo import demo_estate
from app.demo_processes import start_simulator
from app.files import read_catalog
from app.settings import Settings
from app.store.sql import SqlStore

ROOT = Path(__file__).parents[1]
SLOOP = Path(sys.executable).with_name("sloop")
ESTATE = ROOT / "slo" / "specs" / "reference.yaml"
RUNS = 3


def main() -> None:
    with ExitStack() as stack:
        now = time.time()
        folder = Path(stack.enter_context(TemporaryDirectory()))
        address = start_simulator(stack, 7, 1, now)
        os.environ |= {"AWS_ENDPOINT_URL": address, "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
        os.environ |= {"AWS_DEFAULT_REGION": "us-east-1", "SLOOP_DATABASE_URL": f"sqlite:///{folder / 'bench.sqlite'}"}
        os.environ |= {"SLOOP_ESTATE": str(ESTATE), "SLOOP_WRITES_PER_SECOND": "1000"}
        fill(address, now)
        week = "{}-W{:02d}".format(*(datetime.fromtimestamp(now, UTC) - timedelta(days=7)).isocalendar())
        plans = [took("plan", expected=2) for _ in range(RUNS)]
        took("apply")
        settled = [took("plan") for _ in range(RUNS)]
        written = [took("report", "--week", week, "--out", str(folder / f"report{n}")) for n in range(RUNS)]
        verified = [took("report", "verify", str(folder / f"report{n}")) for n in range(RUNS)]
    report(
        [
            of_samples("plan of the reference estate, all to create", plans, "s", "<= 2"),
            of_samples("plan of the reference estate, nothing to do", settled, "s", "<= 2"),
            of_samples("weekly report of the reference estate", written, "s", "<= 5"),
            of_samples("report verify", verified, "s", "-"),
        ]
    )


def fill(address: str, now: float) -> None:
    """A database with 30 days of history, as the service would have it."""
    estate = demo_estate()
    settings = Settings(prometheus_url=f"{address}/prometheus", settle_seconds=30, poll_minutes=1)
    session = AwsSession({a.name: a for a in estate.accounts})
    bound = bind(estate, read_catalog(), feeds(settings, session), retention_days=90, quiet_minutes=15)
    store = SqlStore.open(settings.database)
    store.record_estate(estate, int(now) // 60)
    for watch in bound.watches:
        pipeline.load(store, watch, watch.pace.watermark(now))
    store.close()


def took(*arguments: str, expected: int = 0) -> float:
    """Seconds of one command as a whole process."""
    before = time.monotonic()
    done = subprocess.run([SLOOP, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == expected, f"sloop {' '.join(arguments)}: {done.returncode}: {done.stderr[-500:]}"
    return time.monotonic() - before


if __name__ == "__main__":
    main()
