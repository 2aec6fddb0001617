"""What stands at the edge, what is stored, and the ways out of the network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.aws.survey import GLOBAL, name_of
from slo.estate.found import Found

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.aws.survey import Survey

_DISTRIBUTIONS = "cloudfront:ListDistributions"
_BUCKETS = "s3:ListAllMyBuckets"
_METRICS = "s3:GetMetricsConfiguration"
_REPLICATION = "s3:GetReplicationConfiguration"
_LOCATION = "s3:GetBucketLocation"
_GATEWAYS = "ec2:DescribeNatGateways"
_TUNNELS = "ec2:DescribeVpnConnections"
_NOT_REPLICATED = ("ReplicationConfigurationNotFoundError",)


def edge(survey: Survey) -> Iterator[Found]:
    for item in survey.rows(_DISTRIBUTIONS, "cloudfront", "DistributionList.Items", GLOBAL):
        if not item.get("Enabled", True):
            continue
        id_, acl = item["Id"], item.get("WebACLId", "")
        said = (*(o["DomainName"] for o in item.get("Origins", {}).get("Items", ())), *((acl,) if acl else ()))
        hosts = (item["DomainName"], *item.get("Aliases", {}).get("Items", ()))
        name = survey.name("cloudfront", f"distribution/{id_}") or next(iter(hosts[1:]), None)
        yield Found("cloudfront", id_, _DISTRIBUTIONS, {"distribution": id_}, name, hosts, said)
        if acl.startswith("arn:"):
            yield _web_acl(survey, acl)


def _web_acl(survey: Survey, arn: str) -> Found:
    part = arn.split(":", 5)[5]
    name = part.split("/")[2]
    return Found(
        "waf",
        name,
        _DISTRIBUTIONS,
        {"web_acl": name},
        survey.name("wafv2", part),
        (arn,),
        notes=("Its metrics go by the name in its visibility settings; that this is the ACL's own is assumed.",),
    )


def storage(survey: Survey) -> Iterator[Found]:
    for bucket in survey.rows(_BUCKETS, "s3", "Buckets", BucketRegion=survey.region):
        name = bucket["Name"]
        host = f"{name}.s3.{survey.region}.amazonaws.com"
        filter_, note = _filter(survey, name)
        resource = {"bucket": name, **filter_, **_replica(survey, name)}
        aliases = (name, host, f"{name}.s3.amazonaws.com")
        yield Found("s3", name, _BUCKETS, resource, survey.name("s3", name), aliases, notes=note)


def _filter(survey: Survey, bucket: str) -> tuple[dict[str, str], tuple[str, ...]]:
    """The id of request metrics over all of the bucket; one that filters measures a part."""
    answer = survey.call(_METRICS, "s3", "list_bucket_metrics_configurations", Bucket=bucket)
    found = (answer or {}).get("MetricsConfigurationList", ())
    whole = [c["Id"] for c in found if not c.get("Filter")]
    if whole:
        return {"filter": whole[0]}, ()
    if found:
        note = f"Its request metrics {found[0]['Id']} count a part of the bucket only."
        return {"filter": found[0]["Id"]}, (note,)
    return {}, ("Request metrics are not configured (they are opt-in and cost extra).",) if answer is not None else ()


def _replica(survey: Survey, bucket: str) -> dict[str, str]:
    answer = survey.call(_REPLICATION, "s3", "get_bucket_replication", absent=_NOT_REPLICATED, Bucket=bucket)
    rules = [r for r in answer["ReplicationConfiguration"]["Rules"] if r.get("Status") == "Enabled"] if answer else []
    if not rules:
        return {}
    target = rules[0]["Destination"]["Bucket"].rpartition(":")[2]
    region = _region(survey, target)
    return {
        "replica_bucket": target,
        **({"replica_region": region} if region else {}),
        **({"replication_rule": rules[0]["ID"]} if rules[0].get("ID") else {}),
    }


def _region(survey: Survey, bucket: str) -> str | None:
    answer = survey.call(_LOCATION, "s3", "get_bucket_location", Bucket=bucket)
    # Of the oldest region there is no name.
    return None if answer is None else answer.get("LocationConstraint") or GLOBAL


def network(survey: Survey) -> Iterator[Found]:
    available = [{"Name": "state", "Values": ["available"]}]
    for gateway in survey.rows(_GATEWAYS, "ec2", "NatGateways", Filters=available):
        id_ = gateway["NatGatewayId"]
        yield Found("nat", id_, _GATEWAYS, {"gateway": id_}, name_of(gateway.get("Tags")))
    answer: Any = survey.call(_TUNNELS, "ec2", "describe_vpn_connections", Filters=available)
    for tunnel in answer["VpnConnections"] if answer else ():
        id_ = tunnel["VpnConnectionId"]
        yield Found("vpn", id_, _TUNNELS, {"vpn": id_}, name_of(tunnel.get("Tags")))
