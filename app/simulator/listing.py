"""The inventory on the wire, in the protocol of each service, for an unmodified boto3."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.simulator.inventory import arn
from app.simulator.recoverable import ACCOUNT, REGION
from app.simulator.xml_tree import element

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.requests import Request

    from app.simulator.inventory import Inventory
    from app.simulator.server import TargetHandler
    from app.simulator.xml_tree import Tree

    QueryHandler = Callable[[Mapping[str, str]], Awaitable[Response]]

ELB_VERSION, EC2_VERSION, STS_VERSION = "2015-12-01", "2016-11-15", "2011-06-15"
_QUERY = {ELB_VERSION: "elasticloadbalancing", EC2_VERSION: "ec2", STS_VERSION: "sts", "2010-03-31": "sns"}
_CLOUDFRONT = "http://cloudfront.amazonaws.com/doc/2020-05-31/"
_XML = "text/xml"


class Listing:
    """Answers what discovery asks, but for what recovery reads too: that is in `describe`."""

    def __init__(self, inventory: Callable[[], Inventory]) -> None:
        self._inventory = inventory

    def before(self, others: QueryHandler) -> QueryHandler:
        """A handler that answers what is listed here and leaves the rest to `others`."""

        async def handle(form: Mapping[str, str]) -> Response:
            service, action = _QUERY.get(form.get("Version", "")), form.get("Action", "")
            if action == "ListBuckets":
                return self._buckets(form)
            if service is not None and f"{service}:{action}" in self._inventory().denied:
                return _denied_xml(f"{service}:{action}", ec2=service == "ec2")
            answers = self._query_answers()
            return answers[action]() if action in answers and service != "sns" else await others(form)

        return handle

    def targets(self) -> Mapping[str, TargetHandler]:
        """KeyError, which is an internal error to the client, for an operation that discovery does not use."""
        return {
            "AmazonEC2ContainerServiceV20141113": self._ecs,
            "AmazonSQS": self._sqs,
            "AnyScaleFrontendService": self._scaling,
            "ResourceGroupsTaggingAPI_20170126": self._tagged,
        }

    def routes(self) -> list[Route]:
        return [
            Route("/2020-05-31/distribution", self._distributions, methods=["GET"]),
            Route("/2021-01-01/domain", self._domains, methods=["GET"]),
        ]

    def _query_answers(self) -> Mapping[str, Callable[[], Response]]:
        found = self._inventory()
        return {
            "DescribeLoadBalancers": lambda: _query("DescribeLoadBalancers", {"LoadBalancers": ("member", found.balancers())}),
            "DescribeTargetGroups": lambda: _query("DescribeTargetGroups", {"TargetGroups": ("member", found.target_groups())}),
            "GetCallerIdentity": lambda: _query("GetCallerIdentity", {"Account": ACCOUNT, "Arn": arn("iam", "user/sloop")}),
            "DescribeInstances": lambda: self._ec2("DescribeInstances", "ec2", "instance"),
            "DescribeNatGateways": lambda: self._ec2("DescribeNatGateways", "nat", "gateway"),
            "DescribeVpnConnections": lambda: self._ec2("DescribeVpnConnections", "vpn", "vpn"),
        }

    def _ec2(self, action: str, kind: str, key: str) -> Response:
        outer, id_ = _EC2[kind]
        items: list[Tree] = [
            {id_: str(c.resource[key]), "tagSet": ("item", [{"key": "Name", "value": c.name}])}
            for c in self._inventory().of(kind)
        ]
        if kind == "ec2":
            items = [{"instancesSet": ("item", [item])} for item in items]
        body = element("requestId", str(uuid.uuid4())) + element(outer, ("item", items))
        text = f'<{action}Response xmlns="http://ec2.amazonaws.com/doc/{EC2_VERSION}/">{body}</{action}Response>'
        return Response(text, media_type=_XML)

    def _buckets(self, form: Mapping[str, str]) -> Response:
        if "s3:ListAllMyBuckets" in self._inventory().denied:
            return Response(element("Error", {"Code": "AccessDenied", "Message": "Access Denied"}), 403, media_type=_XML)
        names: list[Tree] = [{"Name": name} for name in self._inventory().buckets(form.get("bucket-region", REGION))]
        body = element("Buckets", ("Bucket", names))
        text = f'<ListAllMyBucketsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{body}</ListAllMyBucketsResult>'
        return Response(text, media_type=_XML)

    def _ecs(self, operation: str, body: bytes) -> Response:
        found, request = self._inventory(), json.loads(body)
        answers: Mapping[str, Callable[[], dict[str, Any]]] = {
            "ListClusters": lambda: {"clusterArns": found.clusters()},
            "ListServices": lambda: {"serviceArns": found.service_arns(request["cluster"])},
            "DescribeServices": lambda: {"services": found.services(request["services"]), "failures": []},
            "DescribeTaskDefinition": lambda: {"taskDefinition": found.task(request["taskDefinition"])},
        }
        return self._json("ecs", operation, answers[operation]())

    def _sqs(self, operation: str, body: bytes) -> Response:
        found, request = self._inventory(), json.loads(body)
        answers: Mapping[str, Callable[[], dict[str, Any]]] = {
            "ListQueues": lambda: {"QueueUrls": found.queues()},
            "GetQueueAttributes": lambda: {"Attributes": found.queue(request["QueueUrl"])},
        }
        return self._json("sqs", operation, answers[operation]())

    def _scaling(self, operation: str, _body: bytes) -> Response:
        answers = {"DescribeScalableTargets": {"ScalableTargets": self._inventory().scaling()}}
        return self._json("application-autoscaling", operation, answers[operation])

    def _tagged(self, operation: str, _body: bytes) -> Response:
        answers = {"GetResources": {"PaginationToken": "", "ResourceTagMappingList": self._inventory().tagged()}}
        return self._json("tag", operation, answers[operation])

    def _json(self, service: str, operation: str, document: dict[str, Any]) -> Response:
        if f"{service}:{operation}" not in self._inventory().denied:
            return Response(json.dumps(document), media_type="application/x-amz-json-1.1")
        refusal = {"__type": "AccessDeniedException", "message": f"not authorized to perform: {service}:{operation}"}
        return Response(json.dumps(refusal), 400, media_type="application/x-amz-json-1.1")

    async def _distributions(self, _request: Request) -> Response:
        if "cloudfront:ListDistributions" in self._inventory().denied:
            return _denied_xml("cloudfront:ListDistributions", ec2=False)
        items = self._inventory().distributions()
        head: dict[str, Tree] = {"Marker": "", "MaxItems": 100, "IsTruncated": False, "Quantity": len(items)}
        body = "".join(element(name, value) for name, value in head.items()) + element("Items", ("DistributionSummary", items))
        return Response(f'<DistributionList xmlns="{_CLOUDFRONT}">{body}</DistributionList>', media_type=_XML)

    async def _domains(self, _request: Request) -> Response:
        if "es:ListDomainNames" in self._inventory().denied:
            return JSONResponse({"Message": "no"}, 403, {"x-amzn-errortype": "AccessDeniedException"})
        names = [{"DomainName": c.resource["domain"], "EngineType": "OpenSearch"} for c in self._inventory().of("opensearch")]
        return JSONResponse({"DomainNames": names})


_EC2 = {
    "ec2": ("reservationSet", "instanceId"),
    "nat": ("natGatewaySet", "natGatewayId"),
    "vpn": ("vpnConnectionSet", "vpnConnectionId"),
}
"""Of each kind the name of the list and of the id in it."""


def _query(action: str, result: Tree) -> Response:
    body = element(f"{action}Result", result) + element("ResponseMetadata", {"RequestId": str(uuid.uuid4())})
    return Response(f"<{action}Response>{body}</{action}Response>", media_type=_XML)


def _denied_xml(action: str, *, ec2: bool) -> Response:
    error: Tree = {
        "Code": "UnauthorizedOperation" if ec2 else "AccessDenied",
        "Message": f"User: sloop is not authorized to perform: {action}",
    }
    text = element("Response", {"Errors": {"Error": error}}) if ec2 else element("ErrorResponse", {"Error": error})
    return Response(text, 403, media_type=_XML)
