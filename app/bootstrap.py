"""The only place that names concrete adapters: settings in, a service out."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from pathlib import Path
from random import Random
from threading import Event
from typing import TYPE_CHECKING

import structlog
import uvicorn
from prometheus_client import CollectorRegistry

from app.about import about, grafana_links
from app.alarm_worker import AlarmWorker
from app.aws.deployments import EcsDeployments
from app.aws.links import fetch
from app.aws.metric_sink import AwsMetricSink
from app.aws.metrics import CloudWatchSource
from app.aws.nearest import NearestMetric
from app.aws.recovery import AwsRecovery
from app.aws.session import AwsSession
from app.aws.sns import SnsPublisher
from app.aws.watchmen import AwsWatchmen
from app.aws.xray import XRaySource
from app.binding import bind
from app.board import Board
from app.bootstrap_aws import beating, provisioning
from app.bootstrap_sources import feeds
from app.burn_worker import BurnWorker
from app.clock import WallClock
from app.composite_source import CompositeSource
from app.costs import reading
from app.deployment_worker import DeploymentWorker
from app.drills import DrillBook
from app.edits import edits
from app.eras import eras
from app.exposition import SnapshotCollector, exposition, meters
from app.files import read_catalog, read_estate, read_prices, read_specs
from app.guards import loopback_hosts
from app.heartbeat_worker import HeartbeatWorker
from app.history import StoredHistory
from app.hooks.certificates import Certificates
from app.hooks.sns import SnsHook, Trusted
from app.keeper import Keeper
from app.logs import configure_logs
from app.main import create_app
from app.missing import MissingMetrics
from app.outbox import Paths
from app.recent import recent_changes
from app.recovery_pager import RecoveryPager
from app.recovery_worker import RecoveryWorker
from app.rehearsal_worker import RehearsalWorker
from app.report_worker import ReportWorker
from app.reports.canonical import spec_digest
from app.reports.shelf import FolderShelf
from app.service import Service
from app.settings import listed
from app.signs import signs
from app.snapshot import AppState
from app.store.engine import REQUESTS
from app.store.sql import SqlStore
from app.telemetry import configure_metrics, configure_traces
from app.telling import Teller, close_orphans
from app.trace_map import watched_places
from app.trace_worker import TraceWorker
from app.worker import OutboxWorker, ShardWorker
from slo.errors import SettingsError
from slo.units import to_minute

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastapi import APIRouter, FastAPI

    from app.binding import Bound
    from app.clock import Clock
    from app.service import Loop
    from app.settings import Settings
    from slo.estate.spec import Estate
    from slo.resource import Place
    from slo.units import Minute

log = structlog.get_logger()


def build_service(
    settings: Settings, estate: Estate, clock: Clock, remarks: Sequence[str] = (), specs: Sequence[bytes] = ()
) -> Service:
    """Everything wired, nothing started; `specs` are the estate's files. SettingsError, StoreError when it cannot run."""
    session = AwsSession({a.name: a for a in estate.accounts})
    store, now = SqlStore.open(settings.database), to_minute(clock.now())
    store.record_estate(estate, now)
    store.keep_events(edits(estate, store.definitions, now))
    bound = bind(
        estate,
        read_catalog(),
        feeds(settings, session, store),
        retention_days=settings.retention_days,
        hours_years=settings.hours_years,
        quiet_minutes=settings.quiet_minutes,
        flap_transitions=settings.flap_transitions,
        earlier=lambda objective: eras(objective, store.definitions(objective.id), now),
        parts=CompositeSource(store, lambda source: board.is_read(source)),  # noqa: PLW0108  # the board comes later
        holding=lambda: {shard.name: shard.slots for shard in store.shards()},
    )
    board = Board(
        estate, store, clock, indicators=bound.indicators, unbound=bound.unbound, remarks=remarks, skew=session.skew.seconds
    )
    committed = Event()
    tell = Teller(estate, settings.address, recent_changes(store, estate))
    _close_orphans(store, estate, bound, settings.address, now)
    registry = CollectorRegistry()
    counters = meters(registry)
    finder = NearestMetric(session)
    shards = tuple(
        ShardWorker(store, watch, clock, board, tell, committed, counters, MissingMetrics(finder, clock))
        for watch in bound.watches
    )
    registry.register(SnapshotCollector(board.box, clock.now, lambda: dict(store.written)))
    common = _Common(settings, estate, session, store, clock, board, tell, committed)
    loops = (*_measuring(common, specs), *_paging(common, [w.name for w in bound.watches]))
    paths = _paths(session, settings)
    outbox = OutboxWorker(store, paths, clock, Random(), committed, counters) if paths else None  # noqa: S311  # jitter
    requests = SqlStore.open(settings.database, REQUESTS)
    return Service(store, requests, board, shards, outbox, committed, registry, counters, loops, bound.watches)


@dataclass(frozen=True, slots=True)
class _Common:
    """What most loops of the service are made of."""

    settings: Settings
    estate: Estate
    session: AwsSession
    store: SqlStore
    clock: Clock
    board: Board
    tell: Teller
    committed: Event


def _measuring(c: _Common, specs: Sequence[bytes]) -> tuple[Loop, ...]:
    """What looks at the world beside the shards, and writes down what it saw."""
    catalog, shelf = read_catalog(), FolderShelf(c.settings.reports, c.estate.name)
    pager = RecoveryPager(c.store, c.estate, c.tell, c.committed.set)
    traced = watched_places(c.estate, every=c.settings.xray_map)
    return (
        RecoveryWorker(c.store, c.estate, AwsRecovery(c.session, CloudWatchSource(c.session)), c.clock, c.board, pager),
        ReportWorker(c.store, c.estate, catalog, shelf, c.clock, lambda: not c.board.box.get().unjudged, spec_digest(specs)),
        AlarmWorker(
            c.estate.name,
            lambda: provisioning(c.settings, c.estate, catalog, dashboards=False),
            c.clock,
            c.board.post_alarms,
        ),
        TraceWorker(c.estate, XRaySource(c.session), traced, c.clock, c.board.post_traces),
        DeploymentWorker(c.store, c.estate, EcsDeployments(c.session), c.clock),
    )


def _paging(c: _Common, shards: Sequence[str]) -> tuple[Loop, ...]:
    """What keeps the way to the pager alive and in step: beats, published burns, reminders, tests."""
    sink, publishes, days = AwsMetricSink(c.session), bool(c.settings.topic_arn), c.settings.test_fire_days

    def places() -> tuple[Place, ...]:
        return beating(c.estate, read_catalog())

    known = signs(c.board.box.get, c.store, c.clock, shards, publishes=publishes)
    rehearsals = [RehearsalWorker(c.store, c.estate, c.tell.origin, c.clock, c.committed.set, days)]
    return (
        HeartbeatWorker(c.estate.name, places, sink, c.clock, known, c.board.post_heartbeat),
        BurnWorker(c.board.box.get, sink, c.clock),
        Keeper(c.store, c.estate, c.tell, c.board.verdict, c.clock, c.committed.set, AwsWatchmen(c.session, places)),
        *(rehearsals if publishes and days else ()),
    )


def _close_orphans(store: SqlStore, estate: Estate, bound: Bound, base_url: str, at: Minute) -> None:
    """Any shard can carry the transaction: breaches are not the shard's own."""
    for watch in bound.watches[:1]:
        shard = store.open_shard(watch.name, watch.slot_keys, at)
        for breach in close_orphans(store, estate, shard, base_url, at):
            log.warning("breach closed: its objective is not declared any more", objective=breach.objective)


def build_app(settings: Settings, service: Service, clock: Clock, more: Sequence[APIRouter] = ()) -> FastAPI:
    """`more` are routers of others, each route with its role."""
    estate = service.board.box.get().estate
    return create_app(
        AppState(
            box=service.board.box,
            log=service.requests,
            history=StoredHistory(service.requests, service.board.place),
            clock=clock.now,
            metrics=lambda: exposition(service.registry),
            hosts=loopback_hosts(settings.port),
            about=about(estate, read_catalog(), grafana_links(estate, settings.grafana_url)),
            reports=FolderShelf(settings.reports, estate.name),
            reading=reading(estate, service.watches, read_prices()),
            happened=service.requests,
            drills=DrillBook(service.requests, clock.now),
            recovered=service.requests,
        ),
        (*_hooks(settings, service, clock), *more),
    )


def _hooks(settings: Settings, service: Service, clock: Clock) -> tuple[APIRouter, ...]:
    """None without a topic to listen to: the path is then not there."""
    topics, loopback = frozenset(listed(settings.hook_topic_arns)), frozenset(listed(settings.hook_cert_hosts))
    if not topics:
        return ()
    estate, certificates = service.board.box.get().estate, Certificates(fetch, clock.monotonic)
    counted = service.counters.hook_messages
    hook = SnsHook(Trusted(topics, loopback), certificates, fetch, service.requests, estate, clock, counted)
    return (hook.router(),)


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
    specs = [data for _, data in read_specs([Path(settings.estate)])]
    service = build_service(settings, estate, clock, specs=specs)
    configure_metrics(service.registry)
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
    # Named, so that asyncio sets TCP_NODELAY: without it every answer waits 40 ms for an acknowledgement.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise SettingsError(f"{host}:{port}: {error.strerror}; set SLOOP_PORT (or --port) to a free one, or 0") from None
    return listener


def _paths(session: AwsSession, settings: Settings) -> Paths | None:
    """None where there is no topic: pages stay in the outbox."""
    return Paths(_topic(session, settings.topic_arn), _second(session, settings)) if settings.topic_arn else None


def _topic(session: AwsSession, topic_arn: str) -> SnsPublisher:
    return SnsPublisher(session.client("sns", region=_region_of(topic_arn)), topic_arn)


def _second(session: AwsSession, settings: Settings) -> SnsPublisher | None:
    if not settings.second_topic_arn:
        return None
    if settings.second_topic_arn == settings.topic_arn:
        raise SettingsError("SLOOP_SECOND_TOPIC_ARN is the first topic again; name one of another region, or leave it out")
    return _topic(session, settings.second_topic_arn)


def _region_of(topic_arn: str) -> str:
    parts = topic_arn.split(":")
    if len(parts) != 6 or parts[:1] != ["arn"] or parts[2] != "sns":
        raise SettingsError(f"SLOOP_TOPIC_ARN={topic_arn}: not a topic ARN; it reads arn:aws:sns:REGION:ACCOUNT:NAME")
    return parts[3]
