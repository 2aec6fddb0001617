"""What the commands that speak to AWS are wired of, apart from the service: they must not wait for web server and database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alerts.desired import wanted_alarms
from alerts.heartbeat import places_of
from alerts.mutes import still_to_come
from alerts.topics import Pager, mark
from app.aws.alarms import AwsAlarms
from app.aws.dashboards import AwsDashboards
from app.aws.discover import AwsDiscovery
from app.aws.identity import AwsIdentity
from app.aws.metrics import CloudWatchSource
from app.aws.mutes import AwsMutes
from app.aws.queues import AwsQueues
from app.aws.session import AwsSession
from app.aws.topics import AwsTopics
from app.aws.trail import LOOKUPS_PER_SECOND, AwsTrail
from app.aws.xray import XRaySource
from app.clock import WallClock
from app.discover import Discoverer
from app.logs import configure_command_logs
from app.provision import Provisioner, Provisioning
from app.throttle import Throttle
from slo.estate.spec import Account
from slo.units import to_minute

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from app.ports import Resources
    from app.settings import Settings
    from slo.catalog.catalog import Catalog
    from slo.estate.spec import Estate
    from slo.plan import Change
    from slo.resource import Place, Resource


def provisioning(
    settings: Settings,
    estate: Estate,
    catalog: Catalog,
    told: Callable[[Change], None] = lambda _: None,
    *,
    dashboards: bool = True,
) -> Provisioning:
    """ProvisionError when the estate cannot be provisioned as it stands."""
    wanted = wanted_alarms(estate, catalog, *_addresses(settings))
    drawn = _wanted_dashboards(settings, estate, catalog) if dashboards else ()
    made = provisioner(settings, wanted.places, told, dashboards=dashboards)
    marked = still_to_come(mark((*wanted.resources, *drawn)), to_minute(WallClock().wall()))
    return Provisioning(marked, wanted.places, wanted.without, made, wanted.notes)


def beating(estate: Estate, catalog: Catalog) -> tuple[Place, ...]:
    """Where the service says that it is alive. ProvisionError as above."""
    wanted = wanted_alarms(estate, catalog)
    return places_of(estate, wanted.resources, wanted.places)


def provisioner(
    settings: Settings, places: Sequence[Place], told: Callable[[Change], None] = lambda _: None, *, dashboards: bool = True
) -> Provisioner:
    """For exactly these places: those of an estate, or those that a saved plan names."""
    session = _session(places)
    pace = Throttle(settings.writes_per_second, WallClock().monotonic)
    pager, second = _addresses(settings)
    adapters: list[Resources] = [
        AwsQueues(session, places, pace),
        AwsTopics(session, places, pager, pace, second),
        AwsAlarms(session, places, pace),
        AwsMutes(session, places, pace),
    ]
    if dashboards:
        adapters.append(AwsDashboards(session, places, pace))
    if dashboards and settings.grafana_url:
        from app.grafana import GrafanaDashboards  # noqa: PLC0415  # its client takes long to import

        adapters.append(GrafanaDashboards(settings.grafana_url, settings.grafana_token.get_secret_value()))
    return Provisioner(adapters, told=told, check=AwsIdentity(session, places).check)


def trail(places: Sequence[Place]) -> AwsTrail:
    """Who changed what in these places."""
    return AwsTrail(_session(places), places, Throttle(LOOKUPS_PER_SECOND, WallClock().monotonic))


def caller(places: Sequence[Place]) -> str:
    """As whom AWS knows the credentials of the first place; SourceError when it does not answer."""
    return AwsIdentity(_session(places), places).who()


def discoverer(catalog: Catalog, account: str, region: str) -> Discoverer:
    """With the credentials that are found in the environment; `account` is how the estate will call theirs."""
    configure_command_logs()
    session = AwsSession({}, default_region=region)
    discovery = AwsDiscovery(session, XRaySource(session), region)
    return Discoverer(discovery, CloudWatchSource(session), catalog, account)


def _addresses(settings: Settings) -> tuple[Pager | None, Pager | None]:
    """The pager's, and the second path's where it has one of its own."""
    second = Pager.of(settings.second_endpoint, "SLOOP_SECOND_ENDPOINT")
    return Pager.of(settings.pager_endpoint), second


def _session(places: Sequence[Place]) -> AwsSession:
    configure_command_logs()
    return AwsSession({p.account: Account(p.account, p.id, p.region, p.role_arn) for p in places})


def _wanted_dashboards(settings: Settings, estate: Estate, catalog: Catalog) -> tuple[Resource, ...]:
    from dashboards.desired import FORMATS, desired_dashboards  # noqa: PLC0415  # the builders take long to import

    formats = [f for f in FORMATS if f != "grafana" or settings.grafana_url]
    return desired_dashboards(estate, catalog, settings.address, formats, cloudwatch=settings.cloudwatch_dashboards)
