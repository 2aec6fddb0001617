"""The hot path beside a plain boto3, on the same bytes over a real socket: what goes out, what comes in, what is refused."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import boto3
import numpy as np
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.aws.calls import call
from app.aws.metric_call import ACTION, MetricCall
from app.aws.metrics import CloudWatchSource
from app.aws.session import AwsSession
from app.ports import Span
from slo.errors import AccessDenied, SourceError
from slo.estate.indicator import MetricQuery
from slo.judge.answer import Failed, Series
from tests.support.answering import Asked, Said, answering

if TYPE_CHECKING:
    from collections.abc import Iterator

START = 29_900_000
SPAN = Span(START, START + 40)
ONE_TRY = Config(connect_timeout=1, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 1})
QUERIES = tuple(MetricQuery(None, "us-east-1", "Shop", f"m{n}", (("Host", 'a"b\\ü'),), "Sum") for n in range(3))


@dataclass
class Stub:
    """Says its pages in turn, again and again; `asked` is what it was asked."""

    says: list[Said] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)

    def answer(self, asked: Asked) -> Said:
        self.asked.append(asked)
        return self.says[(len(self.asked) - 1) % len(self.says)]


@dataclass
class Pair:
    """A plain boto3 client and Sloop's source, both with one try and pointed at the same stub."""

    stub: Stub
    plain: Any
    session: AwsSession
    source: CloudWatchSource

    def pages(self) -> list[dict[str, Any]]:
        """As somebody reads them who only has boto3."""
        self.stub.asked.clear()
        pages = [self.plain.get_metric_data(**request())]
        while pages[-1].get("NextToken"):
            pages.append(self.plain.get_metric_data(**request(), NextToken=pages[-1]["NextToken"]))
        self.stub.asked.clear()
        return pages


def request() -> dict[str, Any]:
    metrics = [
        {"Namespace": q.namespace, "MetricName": q.metric, "Dimensions": [{"Name": n, "Value": v} for n, v in q.dimensions]}
        for q in QUERIES
    ]
    return {
        "MetricDataQueries": [
            {"Id": f"q{n}", "MetricStat": {"Metric": m, "Period": 60, "Stat": "Sum"}} for n, m in enumerate(metrics)
        ],
        "StartTime": SPAN.start * 60,
        "EndTime": SPAN.end * 60,
        "ScanBy": "TimestampAscending",
        "MaxDatapoints": 100_800,
    }


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    stub = Stub()
    with answering(stub.answer) as url, pytest.MonkeyPatch.context() as patch:
        for name, value in {"ENDPOINT_URL": url, "ACCESS_KEY_ID": "AKID", "SECRET_ACCESS_KEY": "secret"}.items():
            patch.setenv(f"AWS_{name}", value)
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        ours = AwsSession({}, config=ONE_TRY)
        plain = boto3.Session().client("cloudwatch", region_name="us-east-1", config=ONE_TRY)
        yield Pair(stub, plain, ours, CloudWatchSource(ours))
        plain.close()
        ours.client("cloudwatch").close()


def said(document: Any, status: int = 200, **headers: str) -> Said:
    body = document if isinstance(document, bytes) else json.dumps(document, separators=(",", ":")).encode()
    return Said(status, [body], "application/x-amz-json-1.0", headers=headers)


def test_botocore_speaks_json_to_cloudwatch(pair: Pair) -> None:
    assert pair.plain.meta.service_model.resolved_protocol == "json"


def test_what_goes_out_is_what_boto3_sends(pair: Pair) -> None:
    pair.stub.says = [said({"MetricDataResults": []})]
    plain = pair.session.client("cloudwatch", None, "us-east-1")
    pair.stub.asked.clear()
    plain.get_metric_data(**request())
    pair.source.fetch(QUERIES, SPAN)
    theirs, ours = pair.stub.asked
    assert json.loads(ours.body) == json.loads(theirs.body)
    assert ours.path == theirs.path
    own = {"authorization", "x-amz-date", "amz-sdk-invocation-id", "amz-sdk-request", "content-length", "x-amz-content-sha256"}
    assert set(ours.headers) - set(theirs.headers) <= {"x-amz-content-sha256", "amz-sdk-request"}
    assert set(theirs.headers) <= set(ours.headers)
    agents = [headers.pop("user-agent").split() for headers in (theirs.headers, ours.headers)]
    first, second = ([part for part in agent if not part.startswith("m/")] for agent in agents)  # m/: features, for statistics
    assert first == second
    assert {k: v for k, v in ours.headers.items() if k not in own} == {k: v for k, v in theirs.headers.items() if k not in own}


def test_the_signature_is_that_of_the_bytes_that_are_sent(pair: Pair) -> None:
    pair.stub.says = [said({"MetricDataResults": []})]
    pair.stub.asked.clear()
    pair.source.fetch(QUERIES, SPAN)
    (asked,) = pair.stub.asked
    assert asked.headers["x-amz-content-sha256"] == sha256(asked.body).hexdigest()
    again = AWSRequest("POST", f"http://{asked.headers['host']}{asked.path}", data=asked.body)
    signed = asked.headers["authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
    for name in signed:
        again.headers[name] = asked.headers[name]
    again.context["timestamp"] = asked.headers["x-amz-date"]
    signer = SigV4Auth(Credentials("AKID", "secret"), "monitoring", "us-east-1")
    text = signer.string_to_sign(again, signer.canonical_request(again))
    assert asked.headers["authorization"].endswith(f"Signature={signer.signature(text, again)}")


def test_a_second_poll_sends_the_same_queries_with_other_times(pair: Pair) -> None:
    pair.stub.says = [said({"MetricDataResults": [], "NextToken": 't"1'}), said({"MetricDataResults": []})]
    pair.stub.asked.clear()
    pair.source.fetch(QUERIES, SPAN)
    pair.source.fetch(QUERIES, Span(START + 5, START + 10))
    bodies = [json.loads(a.body) for a in pair.stub.asked]
    assert [b.get("NextToken") for b in bodies] == [None, 't"1', None, 't"1']
    assert [(b["StartTime"], b["EndTime"]) for b in bodies[1:3]] == [
        (START * 60, (START + 40) * 60),
        ((START + 5) * 60, (START + 10) * 60),
    ]
    assert bodies[0]["MetricDataQueries"] == bodies[3]["MetricDataQueries"]


def test_other_calls_of_the_same_client_are_sent_as_ever(pair: Pair) -> None:
    client = pair.session.client("cloudwatch", None, "us-east-1")
    MetricCall(client).template(QUERIES, 1)
    pair.stub.says = [said({"MetricDataResults": [], "Messages": [{"Code": "x", "Value": "y"}]})]
    assert client.get_metric_data(**request())["Messages"] == [{"Code": "x", "Value": "y"}]


numbers = st.one_of(
    st.floats(-1e20, 1e20),
    st.integers(-(10**6), 10**6),
    st.sampled_from(["NaN", "Infinity", "-Infinity", float("nan"), float("inf"), 1e300, -0.0, 5e-324]),
)
short = st.lists(st.tuples(st.integers(START - 2, START + 42), st.sampled_from([0, 0.0, 0.5])), max_size=5)
long = st.sampled_from([range(30), range(31), (*range(29), 35)]).map(lambda rows: [(START + n, 0) for n in rows])
statuses = st.sampled_from(["Complete"] * 5 + ["PartialData", "InternalError", "Forbidden"])
notes = st.lists(st.text('ab"\\:[]', max_size=5).map(lambda t: {"Code": "c", "Value": t}), max_size=2)


@st.composite
def result(draw: st.DrawFn) -> dict[str, Any]:
    stamps = [minute * 60 + more for minute, more in draw(st.one_of(short, long, long))]
    few = draw(st.lists(numbers, min_size=1, max_size=5))
    values = [few[n % len(few)] for n in range(len(stamps))]
    label = draw(st.sampled_from(["plain", '"Timestamps":[1]', 'x\\"Timestamps":']))
    found = {"Id": draw(st.sampled_from(["q0", "q1", "q2", "q9"])), "Label": label, "Timestamps": stamps, "Values": values}
    return found | {"StatusCode": draw(statuses), "Messages": draw(notes)}


answers = st.lists(st.lists(result(), max_size=5), min_size=1, max_size=3)


def expected(pages: list[dict[str, Any]], number: int) -> dict[int, float] | str:
    """What boto3's pages say of a query: values by minute, of a minute that came twice the later one; or its status."""
    results = [r for page in pages for r in page.get("MetricDataResults", []) if r["Id"] == f"q{number}"]
    if not results:
        return "missing from the answer"
    if results[-1]["StatusCode"] != "Complete":
        return str(results[-1]["StatusCode"])
    found = {}
    for one in results:
        for at, value in zip(one["Timestamps"], one["Values"], strict=True):
            found[int(at.timestamp() // 60)] = float(value)
    return {m: found[m] for m in sorted(found) if SPAN.start <= m < SPAN.end}


def steady(number: int, *minutes: int) -> dict[str, Any]:
    stamps = [(START + m) * 60 for m in minutes]
    return {"Id": f"q{number}", "Timestamps": stamps, "Values": [1.0] * len(stamps), "StatusCode": "Complete"}


@settings(deadline=None, max_examples=60)
@example([[steady(0, *range(30)), steady(1, *range(29), 35), steady(2, *range(30))]])
@example([[steady(0, *range(30)), steady(1, *range(31)), steady(2)], [steady(2, *range(30))]])
@given(answers)
def test_the_same_answers_come_out_as_with_plain_boto3(pair: Pair, told: list[list[dict[str, Any]]]) -> None:
    last = len(told) - 1
    pair.stub.says = [
        said({"MetricDataResults": results, "Messages": []} | ({} if n == last else {"NextToken": f"t{n}"}))
        for n, results in enumerate(told)
    ]
    pages = pair.pages()
    try:
        found = pair.source.fetch(QUERIES, SPAN)
    except SourceError as error:
        found = dict.fromkeys(QUERIES, Failed(str(error)))
    for number, query in enumerate(QUERIES):
        answer, wanted = found[query], expected(pages, number)
        if isinstance(wanted, str):
            assert isinstance(answer, Failed)
            assert wanted.lower() in answer.message.lower()
        else:
            assert isinstance(answer, Series), answer
            assert answer.minutes.tolist() == list(wanted)
            assert np.array_equal(answer.values, np.array(list(wanted.values()), np.float64), equal_nan=True)


CODES = [
    "Throttling", "ThrottlingException", "RequestLimitExceeded", "SlowDown", "AccessDenied", "AccessDeniedException",
    "UnauthorizedOperation", "InternalServiceError", "InternalServiceFault", "InternalFailure", "ServiceUnavailable",
    "ValidationError", "InvalidParameterValue", "InvalidParameterCombination", "InvalidNextToken", "RequestTimeout",
    "SignatureDoesNotMatch", "RequestTimeTooSkewed", "InvalidClientTokenId", "ExpiredToken", "", "x:y#z",
]  # fmt: skip


@st.composite
def refusals(draw: st.DrawFn) -> Said:
    status = draw(st.sampled_from([301, 400, 401, 403, 404, 413, 429, 500, 501, 502, 503, 504]))
    code, other = draw(st.sampled_from(CODES)), draw(st.sampled_from(CODES))
    body: Any = draw(
        st.one_of(
            st.builds(
                lambda text, key: {"__type": f"com.amazonaws#{code}", key: text}, st.text(max_size=9), st.just("message")
            ),
            st.builds(lambda text: {"Message": text}, st.text(max_size=9)),
            st.sampled_from([b"", b"<html>Bad Gateway</html>", b"{}", b"not json"]),
        )
    )
    return said(body, status, **draw(st.sampled_from([{}, {"x-amzn-query-error": f"{other};Sender"}])))


@settings(deadline=None, max_examples=80)
@given(refusals())
def test_a_refusal_is_the_same_error_as_with_boto3(pair: Pair, refusal: Said) -> None:
    pair.stub.says = [refusal]
    client = pair.session.client("cloudwatch", None, "us-east-1")
    template = MetricCall(client).template(QUERIES, 1)
    with pytest.raises(SourceError) as theirs:
        call(ACTION, client.get_metric_data, **request())
    with pytest.raises(SourceError) as ours:
        MetricCall(client).send(template, SPAN)
    assert type(ours.value) is type(theirs.value)
    assert (str(ours.value), ours.value.retryable) == (str(theirs.value), theirs.value.retryable)
    assert [e.value.action for e in (ours, theirs) if isinstance(e.value, AccessDenied)] in ([], [ACTION, ACTION])


@pytest.mark.parametrize("body", [b"[]", b"3", b"\xff\xfe", b'{"__type":3}'])
def test_a_refusal_that_botocore_cannot_read_is_an_error_of_ours_all_the_same(pair: Pair, body: bytes) -> None:
    pair.stub.says = [said(body, 500)]
    with pytest.raises(SourceError, match="cloudwatch:GetMetricData: 500") as caught:
        pair.source.fetch(QUERIES, SPAN)
    assert caught.value.retryable
