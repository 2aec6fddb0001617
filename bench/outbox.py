"""From the commit of a breach to SNS's answer, at 100 breaches per second for ten seconds: real boto3 to a stub on loopback.

Breaches come in ticks of ten, as ten shards of a busy minute would commit them; the sender is the service's own worker,
woken by each commit.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from urllib.parse import parse_qsl

import boto3
from figures import Figure, of_samples, report
from prometheus_client import CollectorRegistry

from alerts.envelope import Message
from app.aws.sns import SnsPublisher
from app.clock import WallClock
from app.exposition import meters
from app.logs import configure_logs
from app.outbox import Paths
from app.ports import Commit
from app.store.sql import SqlStore
from app.worker import OutboxWorker

PER_SECOND, SECONDS, AT_ONCE = 100, 10, 10
BODY = "x" * 2500
"""As long as a page is."""


class Topic(BaseHTTPRequestHandler):
    """Takes every message of a batch, and notes when."""

    protocol_version = "HTTP/1.1"
    accepted: dict[str, float] = {}  # noqa: RUF012  # one run, one server

    def do_POST(self) -> None:
        form = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
        action = form["Action"]
        names = [value for key, value in form.items() if key.endswith("transition_id") or value.startswith("breach-")]
        self.accepted.update(dict.fromkeys(names, time.monotonic()))
        entries = [n for n in range(1, 11) if f"PublishBatchRequestEntries.member.{n}.Id" in form]
        rows = "".join(
            f"<member><Id>{form[f'PublishBatchRequestEntries.member.{n}.Id']}</Id><MessageId>m-{n}</MessageId></member>"
            for n in entries
        )
        result = f"<Successful>{rows}</Successful><Failed/>" if entries else "<MessageId>m</MessageId>"
        body = f"<{action}Response><{action}Result>{result}</{action}Result></{action}Response>".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


def main() -> None:
    configure_logs("error")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Topic)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with TemporaryDirectory() as folder:
        waited, cpu = run(Path(folder), f"http://127.0.0.1:{server.server_address[1]}")
    server.shutdown()
    waited.sort()
    p99 = Figure("breach committed to SNS accepted, p99", round(waited[int(len(waited) * 0.99)], 3), "s", "<= 1")
    report([of_samples("breach committed to SNS accepted", waited, "s", "-"), p99, Figure("its CPU", round(cpu, 3), "s", "-")])


def run(folder: Path, endpoint: str) -> tuple[list[float], float]:
    """Seconds from commit to acceptance of each message, and the process's CPU seconds."""
    store, committed, stop = SqlStore.open(f"sqlite:///{folder}/sloop.db"), threading.Event(), threading.Event()
    client = boto3.client(
        "sns", region_name="us-east-1", endpoint_url=endpoint, aws_access_key_id="bench", aws_secret_access_key="bench"
    )
    paths = Paths(SnsPublisher(client, "arn:aws:sns:us-east-1:111122223333:pages"))
    worker = OutboxWorker(store, paths, WallClock(), Random(1), committed, meters(CollectorRegistry()))
    thread = threading.Thread(target=worker.run, args=(stop,))
    thread.start()
    began, cpu = time.monotonic(), time.process_time()
    tick, shard = int(datetime(2026, 11, 2, tzinfo=UTC).timestamp()) // 60, store.open_shard("bench", ["a"], 0)
    put: dict[str, float] = {}
    for batch in range(PER_SECOND * SECONDS // AT_ONCE):
        time.sleep(max(0.0, began + batch * AT_ONCE / PER_SECOND - time.monotonic()))
        names = [f"breach-{batch}-{n}" for n in range(AT_ONCE)]
        messages = [Message(name, name, "ALARM", "ALARM: x", BODY, {"transition_id": name}) for name in names]
        shard = store.commit(Commit(shard, tick + batch, messages=messages))
        put |= dict.fromkeys(names, time.monotonic())
        committed.set()
    while store.outbox_oldest() is not None:
        time.sleep(0.05)
    spent = time.process_time() - cpu
    stop.set()
    committed.set()
    thread.join()
    store.close()
    return [Topic.accepted[name] - at for name, at in put.items()], spent


if __name__ == "__main__":
    main()
