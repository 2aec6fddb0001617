"""The only place that names concrete adapters: settings in, a service out."""

from __future__ import annotations

import socket
from pathlib import Path
from random import Random
from threading import Event
from typing import TYPE_CHECKING

import structlog
import uvicorn
from prometheus_client import CollectorRegistry

from app.about import about, grafana_links
from app.alarm_worker import AlarmWorker
from app.aws.budget import ByteBudget
from app.aws.logs import LogsSource
from app.aws.metrics import CloudWatchSource
from app.aws.recovery import AwsRecovery
from app.aws.session import AwsSession
from app.aws.signing import SigV4
from app.aws.sns import SnsPublisher
from app.aws.xray import XRaySource
from app.binding import Feed, bind
from app.board import Board
from app.bootstrap_aws import provisioning
from app.clock import WallClock
from app.composite_source import CompositeSource
from app.costs import reading
from app.eras import eras
from app.exposition import SnapshotCollector, exposition, meters
from app.files import read_catalog, read_estate, read_prices, read_specs
from app.guards import loopback_hosts
from app.history import StoredHistory
from app.main import create_app
from app.opensearch import ACTIONS, OpenSearchSource
from app.paces import pace_of
from app.prometheus.access import Access
from app.prometheus.source import PrometheusSource
from app.recovery_worker import RecoveryWorker
from app.report_worker import ReportWorker
from app.reports.canonical import spec_digest
from app.reports.shelf import FolderShelf
from app.service import Service
from app.snapshot import AppState
from app.store.sql import SqlStore
from app.telemetry import configure_logs, configure_metrics, configure_traces
from app.telling import close_orphans, teller
from app.worker import OutboxWorker, ShardWorker
from slo.errors import SettingsError
from slo.units import to_minute

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastapi import APIRouter, FastAPI

    from app.binding import Bound, SourceKind
    from app.clock import Clock
    from app.settings import Settings
    from slo.estate.spec import Estate
    from slo.units import Minute

log = structlog.get_logger()


def build_service(
    settings: Settings, estate: Estate, clock: Clock, remarks: Sequence[str] = (), specs: Sequence[bytes] = ()
) -> Service:
    """Everything wired, nothing started; `specs` are the estate's files. SettingsError, StoreError when it cannot run."""
    session = AwsSession({a.name: a for a in estate.accounts})
    store, now = SqlStore.open(settings.database), to_minute(clock.now())
    store.record_estate(estate, now)
    bound = bind(
        estate,
        read_catalog(),
        feeds(settings, session),
        retention_days=settings.retention_days,
        hours_years=settings.hours_years,
        quiet_minutes=settings.quiet_minutes,
        flap_transitions=settings.flap_transitions,
        earlier=lambda objective: eras(objective, store.definitions(objective.id), now),
        parts=CompositeSource(store, lambda source: board.is_read(source)),  # noqa: PLW0108  # the board comes later
        holding=lambda: {shard.name: shard.slots for shard in store.shards()},
    )
    board = Board(estate, store, clock, indicators=bound.indicators, unbound=bound.unbound, remarks=remarks)
    committed = Event()
    tell = teller(estate, settings.address)
    _close_orphans(store, estate, bound, settings.address, to_minute(clock.now()))
    registry = CollectorRegistry()
    counters = meters(registry)
    shards = tuple(ShardWorker(store, watch, clock, board, tell, committed, counters) for watch in bound.watches)
    outbox = None
    if settings.topic_arn:
        publisher = SnsPublisher(session.client("sns", region=_region_of(settings.topic_arn)), settings.topic_arn)
        outbox = OutboxWorker(store, publisher, clock, Random(), committed, counters)  # noqa: S311  # jitter, no secret
    registry.register(SnapshotCollector(board.box, clock.now, lambda: dict(store.written)))
    reader = AwsRecovery(session, CloudWatchSource(session))
    shelf = FolderShelf(settings.reports, estate.name)
    others = (
        RecoveryWorker(store, estate, reader, clock, board),
        ReportWorker(store, estate, read_catalog(), shelf, clock, lambda: not board.box.get().unjudged, spec_digest(specs)),
        AlarmWorker(
            estate.name, lambda: provisioning(settings, estate, read_catalog(), dashboards=False), clock, board.post_alarms
        ),
    )
    return Service(store, board, shards, outbox, committed, registry, others, bound.watches)


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
            log=service.store,
            history=StoredHistory(service.store, service.board.place),
            clock=clock.now,
            metrics=lambda: exposition(service.registry),
            hosts=loopback_hosts(settings.port),
            about=about(estate, read_catalog(), grafana_links(estate, settings.grafana_url)),
            reports=FolderShelf(settings.reports, estate.name),
            reading=reading(estate, service.watches, read_prices()),
        ),
        more,
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


def feeds(settings: Settings, session: AwsSession) -> dict[SourceKind, Feed]:
    """What can be read with these settings."""
    found: dict[SourceKind, Feed] = {
        "cloudwatch": Feed(CloudWatchSource(session), pace_of("cloudwatch", settings)),
        "xray": Feed(XRaySource(session), pace_of("xray", settings)),
        "logs": Feed(_logs(settings, session), pace_of("logs", settings)),
    }
    if settings.prometheus_url:
        found["prometheus"] = Feed(_prometheus(settings, session), pace_of("prometheus", settings))
    if settings.opensearch_url:
        found["opensearch"] = Feed(_opensearch(settings, session), pace_of("opensearch", settings))
    return found


def _logs(settings: Settings, session: AwsSession) -> LogsSource:
    """Bytes are paid in real time, so the budget's day is that of the wall, even in a demo that runs faster."""
    clock = WallClock()
    budget = ByteBudget(settings.logs_bytes_per_day, clock.wall)
    return LogsSource(session, budget, monotonic=clock.monotonic, history=settings.logs_history_days * 1440)


def _opensearch(settings: Settings, session: AwsSession) -> OpenSearchSource:
    region, service = settings.opensearch_aws_region, settings.opensearch_aws_service
    user, password = settings.opensearch_user, settings.opensearch_password.get_secret_value()
    if region and user:
        raise SettingsError("SLOOP_OPENSEARCH_USER and SLOOP_OPENSEARCH_AWS_REGION: give one way to sign in")
    sign = SigV4(session, region, service=service, action=ACTIONS[service]) if region else None
    return OpenSearchSource(settings.opensearch_url, user=user, password=password, sign=sign, service=service)


def _prometheus(settings: Settings, session: AwsSession) -> PrometheusSource:
    region = settings.prometheus_aws_region
    access = Access(
        settings.prometheus_url,
        token=settings.prometheus_token.get_secret_value(),
        user=settings.prometheus_user,
        password=settings.prometheus_password.get_secret_value(),
        ca_file=settings.prometheus_ca_file,
        client_cert=settings.prometheus_client_cert,
        client_key=settings.prometheus_client_key,
        sign=SigV4(session, region) if region else None,
    )
    return PrometheusSource(access.url, client=access.client(), secrets=access.secrets)


def _region_of(topic_arn: str) -> str:
    parts = topic_arn.split(":")
    if len(parts) != 6 or parts[:1] != ["arn"] or parts[2] != "sns":
        raise SettingsError(f"SLOOP_TOPIC_ARN={topic_arn}: not a topic ARN; it reads arn:aws:sns:REGION:ACCOUNT:NAME")
    return parts[3]
