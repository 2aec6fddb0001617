"""One GetMetricData over the wire: boto3 builds it once, after that only its times change. botocore signs it and sends it."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import orjson
from botocore.awsrequest import AWSResponse, create_request_object
from botocore.endpoint import convert_to_response_dict
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError, create_parser

from app.aws.calls import call, error_code
from app.aws.metric_document import read
from app.aws.session import source_error
from slo.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from botocore.awsrequest import AWSRequest

    from app.ports import Span
    from slo.estate.indicator import MetricQuery

ACTION = "cloudwatch:GetMetricData"
POINTS_PER_CALL = 100_800
_OPERATION = "GetMetricData"
_LATE = {"RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture", "SignatureDoesNotMatch", "InvalidSignatureException"}
_TOLERATED_SKEW = 60.0


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """What boto3 would send. `queries` is its body without the times and the last brace; `sign` is the client's own signer."""

    request: Mapping[str, Any]
    queries: bytes
    digest: Any
    sign: Callable[[str, AWSRequest], None]

    def filled(self, span: Span, token: str | None) -> AWSRequest:
        """Not signed yet; the signature's hash of the body is not begun anew for what is always the same."""
        more = b"" if token is None else b',"NextToken":' + orjson.dumps(token)
        times = b',"StartTime":%d,"EndTime":%d%b}' % (span.start * 60, span.end * 60, more)
        own = {"body": self.queries + times, "context": dict(self.request["context"])}  # signing writes into it
        request = create_request_object({**self.request, **own})
        digest = self.digest.copy()
        digest.update(times)
        request.headers["X-Amz-Content-SHA256"] = digest.hexdigest()
        return request


_BUILT: ContextVar[list[Template] | None] = ContextVar("_BUILT", default=None)


class MetricCall:
    """GetMetricData by the endpoint, credentials, time-outs and user agent of this client."""

    def __init__(
        self,
        client: Any,
        heard: Callable[[str | None], None] = lambda _: None,
        owner: Callable[[str | None], str | None] = lambda _: None,
    ) -> None:
        """`heard` is given the Date of every answer; `owner` tells the id of a query's account where that is another one."""
        self.client, self._heard, self._owner = client, heard, owner
        self._session = client._endpoint.http_session  # noqa: SLF001  # what sends for a client has no public name
        self._operation = client.meta.service_model.operation_model(_OPERATION)
        self._parser = create_parser(client.meta.service_model.resolved_protocol)
        client.meta.events.register_last(f"before-call.cloudwatch.{_OPERATION}", _keep_back, unique_id="sloop-template")

    @property
    def attempts(self) -> int:
        """As the client's own calls are tried."""
        return int((self.client.meta.config.retries or {}).get("total_max_attempts", 4))

    def template(self, queries: Sequence[MetricQuery], period: int) -> Template:
        """Query n has the id `q{n}`. SourceError names what botocore finds wrong with a query."""
        request = {
            "MetricDataQueries": [_as_request(n, q, period, self._owner(q.account)) for n, q in enumerate(queries)],
            "StartTime": 0,
            "EndTime": 60,
            "ScanBy": "TimestampAscending",
            "MaxDatapoints": POINTS_PER_CALL,
        }
        built: list[Template] = []
        token = _BUILT.set(built)
        try:
            call(ACTION, self.client.get_metric_data, **request)
        finally:
            _BUILT.reset(token)
        return built[0]

    def send(self, template: Template, span: Span, token: str | None = None, attempt: int = 1) -> dict[str, Any]:
        """The answer as it was sent, decoded. The cause of a SourceError is what botocore raises for it."""
        request = template.filled(span, token)
        request.headers["amz-sdk-invocation-id"] = str(uuid4())
        request.headers["amz-sdk-request"] = f"attempt={attempt}; max={self.attempts}"
        try:
            template.sign(_OPERATION, request)
            signed = request.prepare()
            response = self._session.send(signed)
        except (ClientError, BotoCoreError) as error:
            raise source_error(ACTION, error) from error
        self._heard(response.headers.get("date"))
        if response.status_code >= 300:
            refusal = self._refusal(response)
            raise source_error(ACTION, refusal, _clock_hint(refusal, signed, response)) from refusal
        document = read(response.content)
        if document is None:
            raise SourceError(
                f"{ACTION}: the answer is cut off or no answer of CloudWatch; trying again may help", retryable=True
            )
        return document

    def _refusal(self, response: Any) -> ClientError:
        answer = convert_to_response_dict(response, self._operation)
        try:
            return ClientError(self._parser.parse(answer, self._operation.output_shape), _OPERATION)
        except (ResponseParserError, AttributeError, TypeError, ValueError):  # botocore's parser stumbles over other JSON
            status = response.status_code
            metadata = {"HTTPStatusCode": status}
            return ClientError({"Error": {"Code": str(status), "Message": ""}, "ResponseMetadata": metadata}, _OPERATION)


def _keep_back(params: Mapping[str, Any], request_signer: Any, **_: object) -> tuple[AWSResponse, dict[str, Any]] | None:
    """A hook of botocore: an answer here means that nothing is sent. Calls that are no template go their way."""
    built = _BUILT.get()
    if built is None:
        return None
    body = orjson.loads(params["body"])
    del body["StartTime"], body["EndTime"]
    queries = orjson.dumps(body)[:-1]
    built.append(Template(params, queries, sha256(queries), request_signer.sign))
    return AWSResponse(params["url"], 200, {}, None), {}


def _as_request(number: int, query: MetricQuery, period: int, owner: str | None) -> dict[str, Any]:
    metric = {
        "Namespace": query.namespace,
        "MetricName": query.metric,
        "Dimensions": [{"Name": n, "Value": v} for n, v in query.dimensions],
    }
    stat = {"Metric": metric, "Period": period * 60, "Stat": query.stat}
    return {"Id": f"q{number}", "MetricStat": stat, **({"AccountId": owner} if owner else {})}


def _clock_hint(refusal: ClientError, signed: Any, response: Any) -> str:
    """AWS refuses what was signed more than five minutes from its own time; both times are in the exchange itself."""
    said, theirs = signed.headers.get("X-Amz-Date"), response.headers.get("date")
    if error_code(refusal) not in _LATE or not said or not theirs:
        return ""
    ours = datetime.strptime(said.decode() if isinstance(said, bytes) else said, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    try:
        behind = (parsedate_to_datetime(theirs) - ours).total_seconds()
    except (ValueError, TypeError):
        return ""
    if abs(behind) < _TOLERATED_SKEW:
        return ""
    return f"this machine's clock is {abs(behind):.0f} s {'behind' if behind > 0 else 'ahead of'} AWS's; set it (NTP)"
