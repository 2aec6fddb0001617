"""The only place that names concrete adapters: settings in, a service out."""

from __future__ import annotations

import socket
from collections import defaultdict
from pathlib import Path
from random import Random
from threading import Event
from typing import TYPE_CHECKING, NamedTuple

import uvicorn
from prometheus_client import CollectorRegistry

from alerts.message import page_message
from app.aws.metrics import CloudWatchSource
from app.aws.session import AwsSession
from app.aws.sns import SnsPublisher
from app.board import Board
from app.clock import WallClock
from app.exposition import SnapshotCollector, exposition, meters
from app.files import read_catalog, read_estate
from app.history import StoredHistory
from app.main import create_app
from app.prometheus import PrometheusSource
from app.service import Service
from app.snapshot import AppState
from app.store.sql import SqlStore
from app.telemetry import configure_logs, configure_traces
from app.watch import Pace, Watch, indicator_of, slot_key
from app.worker import OutboxWorker, ShardWorker
from slo.catalog.template import Unbound
from slo.errors import SettingsError, UsageError
from slo.estate.indicator import MetricQuery
from slo.judge.series import Slices
from slo.units import to_minute

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from fastapi import FastAPI

    from alerts.breach import Transition
    from alerts.message import Message
    from app.clock import Clock
    from app.settings import Settings
    from slo.catalog.catalog import Catalog
    from slo.estate.indicator import Indicator
    from slo.estate.spec import Estate, Objective
    from slo.units import Minute


class Bound(NamedTuple):
    """`watches` are the shards; `unbound` are objectives that cannot be measured, with the reason."""

    watches: tuple[Watch, ...]
    unbound: tuple[tuple[Objective, str], ...]
    indicators: Mapping[str, Indicator]


def build_service(settings: Settings, estate: Estate, clock: Clock, remarks: Sequence[str] = ()) -> Service:
    """Everything wired, nothing started. SettingsError, StoreError when it cannot run at all."""
    session = AwsSession({a.name: a for a in estate.accounts})
    bound = bind(settings, estate, read_catalog(), session)
    store = SqlStore.open(settings.database)
    store.record_estate(estate, to_minute(clock.now()))
    board = Board(estate, store, clock, indicators=bound.indicators, unbound=bound.unbound, remarks=remarks)
    committed = Event()
    tell = teller(estate, settings)
    registry = CollectorRegistry()
    counters = meters(registry)
    shards = tuple(ShardWorker(store, watch, clock, board, tell, committed, counters) for watch in bound.watches)
    outbox = None
    if settings.topic_arn:
        publisher = SnsPublisher(session.client("sns", region=_region_of(settings.topic_arn)), settings.topic_arn)
        outbox = OutboxWorker(store, publisher, clock, Random(), committed, counters)  # noqa: S311  # jitter, no secret
    registry.register(SnapshotCollector(board.box, clock.now))
    return Service(store, board, shards, outbox, committed, registry)


def build_app(settings: Settings, service: Service, clock: Clock) -> FastAPI:
    hosts = frozenset(f"{name}:{settings.port}" for name in ("127.0.0.1", "localhost", "[::1]"))
    return create_app(
        AppState(
            box=service.board.box,
            log=service.store,
            history=StoredHistory(service.store, service.board.place),
            clock=clock.now,
            metrics=lambda: exposition(service.registry),
            hosts=hosts,
        )
    )


def serve(settings: Settings) -> None:
    """Until SIGTERM or SIGINT."""
    configure_logs(settings.log_level)
    configure_traces()
    if not settings.estate:
        raise SettingsError("SLOOP_ESTATE is not set; give the file or folder with the estate")
    estate, _ = read_estate([Path(settings.estate)], read_catalog())
    listener = listen(settings.host, settings.port)
    settings = settings.model_copy(update={"port": listener.getsockname()[1]})
    clock = WallClock()
    service = build_service(settings, estate, clock)
    run_app(build_app(settings, service, clock), service, listener)


def run_app(app: FastAPI, service: Service, listener: socket.socket) -> None:
    """Serve until a signal; the service starts first, so that the first request finds it at work."""
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False, server_header=False))
    service.start()
    try:
        server.run(sockets=[listener])
    finally:
        service.stop()


def listen(host: str, port: int) -> socket.socket:
    """Bound before anything starts, so that a taken port is one line and not half a service."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise SettingsError(f"{host}:{port}: {error.strerror}; set SLOOP_PORT (or --port) to a free one, or 0") from None
    return listener


def bind(settings: Settings, estate: Estate, catalog: Catalog, session: AwsSession) -> Bound:
    """Group what can be measured into shards: one per CloudWatch account and region, one for Prometheus."""
    groups: dict[str, list[tuple[Objective, str]]] = defaultdict(list)
    indicators: dict[str, Indicator] = {}
    unbound: list[tuple[Objective, str]] = []
    for objective in estate.objectives:
        component = estate.component(objective.component)
        indicator = catalog.bind(component, objective.indicator, estate.account(component.account))
        if isinstance(indicator, Unbound):
            unbound.append((objective, indicator.text))
        elif not _on_cloudwatch(indicator) and not settings.prometheus_url:
            unbound.append((objective, "reads Prometheus, but SLOOP_PROMETHEUS_URL is not set"))
        else:
            key = slot_key(objective.indicator_id, indicator)
            indicators[key] = indicator
            groups[_shard_name(indicator)].append((objective, key))
    watches = tuple(_watch(settings, estate, session, name, members, indicators) for name, members in groups.items())
    return Bound(watches, tuple(unbound), {indicator_of(key): indicator for key, indicator in indicators.items()})


def _watch(
    settings: Settings,
    estate: Estate,
    session: AwsSession,
    name: str,
    members: list[tuple[Objective, str]],
    indicators: Mapping[str, Indicator],
) -> Watch:
    longest = max(o.window for o, _ in members)
    if settings.retention_days < max(90, longest // 1440 + 2):
        raise SettingsError(
            f"SLOOP_RETENTION_DAYS={settings.retention_days}: keep at least 90 days and the longest window + 2 days "
            f"({max(90, longest // 1440 + 2)})"
        )
    on_prometheus = name == "prometheus"
    return Watch(
        name,
        estate,
        PrometheusSource(settings.prometheus_url) if on_prometheus else CloudWatchSource(session),
        Pace(settings.prometheus_settle_seconds, settings.prometheus_poll_minutes)
        if on_prometheus
        else Pace(settings.settle_seconds, settings.poll_minutes),
        {key: indicators[key] for _, key in members},
        tuple(members),
        settings.retention_days * 1440,
        settings.quiet_minutes,
    )


def _on_cloudwatch(indicator: Indicator) -> bool:
    return all(isinstance(q, MetricQuery) for q in indicator.queries)


def _shard_name(indicator: Indicator) -> str:
    query = indicator.queries[0]
    return f"cloudwatch/{query.account or 'default'}/{query.region}" if isinstance(query, MetricQuery) else "prometheus"


def teller(estate: Estate, settings: Settings) -> Callable[[Transition], Message | None]:
    """From a transition to the message that tells it; None when nobody is to be told (yet), or was never told it opened."""
    objectives = {o.id: o for o in estate.objectives}

    def tell(transition: Transition) -> Message | None:
        breach = transition.breach
        if breach.notified_at is None:
            return None
        objective = objectives[breach.objective]
        component = estate.component(objective.component)
        account = estate.account(component.account)
        return page_message(
            estate.name,
            breach,
            transition.kind,
            component,
            objective,
            spent=breach.spent if transition.kind == "opened" else None,
            base_url=settings.address,
            region=account.region if account else "us-east-1",
            account_id=account.id if account else "000000000000",
            runbook=component.runbook,
        )

    return tell


def _region_of(topic_arn: str) -> str:
    parts = topic_arn.split(":")
    if len(parts) != 6 or parts[:1] != ["arn"] or parts[2] != "sns":
        raise SettingsError(f"SLOOP_TOPIC_ARN={topic_arn}: not a topic ARN; it reads arn:aws:sns:REGION:ACCOUNT:NAME")
    return parts[3]


def stored_slices(settings: Settings, start: Minute, end: Minute) -> dict[str, Slices]:
    """The stored slices of every indicator that is live, by indicator id."""
    if end <= start:
        raise UsageError("--from must be before --to")
    store = SqlStore.open(settings.database)
    found: dict[str, Slices] = {}
    for shard in store.shards():
        frames = tuple(store.frames(shard, start, end))
        for key, slot in shard.slots.items():
            found[indicator_of(key)] = Slices.from_frames(frames, slot)
    store.close()
    return found


def migrate_database(settings: Settings) -> str:
    from app.store.migrate import migrate  # noqa: PLC0415  # Alembic takes long to import

    migrate(settings.database)
    return f"{settings.database.split('://')[0]}: schema is up to date"


def check_database(settings: Settings) -> str:
    """SchemaMismatch says what to run."""
    SqlStore.open(settings.database).close()
    return f"{settings.database.split('://')[0]}: schema fits this program"
