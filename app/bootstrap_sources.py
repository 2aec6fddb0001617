"""What can be read with the settings as they are: every source that a shard may ask, with its pace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.aws.budget import ByteBudget
from app.aws.logs import LogsSource
from app.aws.metrics import CloudWatchSource
from app.aws.signing import SigV4
from app.aws.xray import XRaySource
from app.binding import Feed
from app.clock import WallClock
from app.opensearch import ACTIONS, OpenSearchSource
from app.paces import pace_of
from app.prometheus.access import Access
from app.prometheus.source import PrometheusSource
from slo.errors import SettingsError

if TYPE_CHECKING:
    from app.aws.budget import Ledger
    from app.aws.session import AwsSession
    from app.binding import SourceKind
    from app.settings import Settings


def feeds(settings: Settings, session: AwsSession, ledger: Ledger | None = None) -> dict[SourceKind, Feed]:
    """What can be read with these settings; `ledger` keeps what is spent on logs."""
    found: dict[SourceKind, Feed] = {
        "cloudwatch": Feed(CloudWatchSource(session), pace_of("cloudwatch", settings)),
        "xray": Feed(XRaySource(session), pace_of("xray", settings)),
        "logs": Feed(_logs(settings, session, ledger), pace_of("logs", settings)),
    }
    if settings.prometheus_url:
        prometheus = _prometheus(settings, session)
        found["prometheus"] = Feed(prometheus, pace_of("prometheus", settings), lambda: prometheus.warnings)
    if settings.opensearch_url:
        found["opensearch"] = Feed(_opensearch(settings, session), pace_of("opensearch", settings))
    return found


def _logs(settings: Settings, session: AwsSession, ledger: Ledger | None) -> LogsSource:
    """Bytes are paid in real time, so the budget's day is that of the wall, even in a demo that runs faster."""
    clock = WallClock()
    budget = ByteBudget(settings.logs_bytes_per_day, clock.wall, ledger)
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
