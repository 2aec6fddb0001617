from __future__ import annotations

import base64
import json
import re
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from app.aws.session import AwsSession
from app.bootstrap_sources import feeds
from app.opensearch import MINUTES_PER_CALL, OpenSearchSource
from app.ports import Span
from app.prometheus.deadline import Patience
from app.settings import Settings
from slo.errors import AccessDenied, SettingsError, SourceError, Throttled
from slo.estate.indicator import EventRatio, GaugeQuery, SearchQuery
from slo.judge import sli
from slo.judge.answer import Answer, Failed, Series
from tests.support.answering import Said
from tests.support.opensearch import Index, searching

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slo.estate.indicator import Query

M0 = 29_900_160
SPAN = Span(M0, M0 + 6)
ALL = SearchQuery("api-*", '{"match_all":{}}')
BAD = SearchQuery("api-*", '{"query_string":{"query":"status:>=500"}}')
ODD = SearchQuery("api-*", '{"nonsense":{}}')


@pytest.fixture
def place() -> Iterator[tuple[Index, str]]:
    with searching() as (index, url):
        index.put(M0, 200, 200, 503)
        index.put(M0 + 2, 500)
        index.put(M0 + 5, 200, 404)
        yield index, url


def fetched(url: str, *queries: SearchQuery, span: Span = SPAN) -> dict[Query, Answer]:
    with closing(OpenSearchSource(url, patience=Patience(read=2, total=3))) as source:
        answers = source.fetch(queries, span)
    return {query: answers[query] for query in queries}


def minutes_of(answer: object) -> dict[int, int]:
    assert isinstance(answer, Series), answer
    return dict(zip(answer.minutes.tolist(), answer.values.astype(int).tolist(), strict=True))


def test_all_queries_of_an_index_are_counted_by_one_request(place: tuple[Index, str]) -> None:
    index, url = place
    answers = fetched(url, ALL, BAD)
    assert minutes_of(answers[ALL]) == {M0: 3, M0 + 1: 0, M0 + 2: 1, M0 + 3: 0, M0 + 4: 0, M0 + 5: 2}
    assert minutes_of(answers[BAD]) == {M0: 1, M0 + 1: 0, M0 + 2: 1, M0 + 3: 0, M0 + 4: 0, M0 + 5: 0}
    assert [asked.path for asked in index.asked] == ["/api-*/_search"]
    assert json.loads(index.asked[0].body)["size"] == 0


def test_slices_of_a_ratio_over_documents_are_idle_where_only_nothing_matched(place: tuple[Index, str]) -> None:
    indicator = EventRatio((ALL,), bad=(BAD,))
    slices = sli.measure(indicator, fetched(place[1], ALL, BAD), SPAN.start, SPAN.end).slices
    assert list(zip(slices.total.tolist(), slices.bad.tolist(), strict=True)) == [
        (3, 1),
        (0, 0),
        (1, 1),
        (0, 0),
        (0, 0),
        (2, 0),
    ]


def test_an_index_without_any_document_proves_nothing_so_its_minutes_are_missing(place: tuple[Index, str]) -> None:
    assert minutes_of(fetched(place[1], ALL, span=Span(M0 + 10, M0 + 20))[ALL]) == {}


def test_days_are_asked_one_by_one(place: tuple[Index, str]) -> None:
    index, url = place
    index.put(M0 + 2 * MINUTES_PER_CALL, 200)
    found = minutes_of(fetched(url, ALL, span=Span(M0, M0 + 2 * MINUTES_PER_CALL + 1))[ALL])
    assert (len(index.asked), sum(found.values())) == (3, 7)


def test_one_bad_query_leaves_the_others(place: tuple[Index, str]) -> None:
    answers = fetched(place[1], ALL, ODD)
    odd = answers[ODD]
    assert isinstance(odd, Failed)
    assert 'HTTP 400: unknown query {"nonsense": {}}' in odd.message
    assert sum(minutes_of(answers[ALL]).values()) == 6


def test_f03_shards_that_did_not_answer_are_no_counts(place: tuple[Index, str]) -> None:
    index, url = place
    index.spoil = {"_shards": {"total": 2, "successful": 1, "failed": 1}}
    with pytest.raises(SourceError, match="1 of 2 shards failed, so the counts are not whole"):
        fetched(url, ALL, BAD)
    index.spoil = {"timed_out": True}
    with pytest.raises(SourceError, match="it timed out"):
        fetched(url, ALL)


def test_counts_that_do_not_add_up_are_refused(place: tuple[Index, str]) -> None:
    index, url = place
    index.spoil = {"aggregations": {"q0": {"doc_count": 3, "minutes": {"buckets": [{"key": M0 * 60_000, "doc_count": 2}]}}}}
    with pytest.raises(SourceError, match="not the counts of a search"):
        fetched(url, ALL)


@pytest.mark.parametrize(
    ("status", "kind", "says"),
    [
        (401, SourceError, "check SLOOP_OPENSEARCH_USER"),
        (403, AccessDenied, "indices:data/read/search"),
        (404, SourceError, "HTTP 404: no such index"),
        (429, Throttled, "HTTP 429"),
        (503, SourceError, "HTTP 503"),
    ],
)
def test_a_refusal_says_why_and_whether_to_try_again(
    place: tuple[Index, str], status: int, kind: type[SourceError], says: str
) -> None:
    index, url = place
    body = json.dumps({"error": {"root_cause": [{"reason": "no such\nindex"}]}, "status": status}).encode()
    index.says = Said(status, [body])
    with pytest.raises(kind, match=says) as caught:
        fetched(url, ALL)
    assert caught.value.retryable == (status in (429, 503))
    assert "\n" not in str(caught.value)


def test_f11_a_login_page_is_an_error(place: tuple[Index, str]) -> None:
    index, url = place
    index.says = Said(200, [b"<html>Sign in</html>"], "text/html")
    with pytest.raises(SourceError, match="HTTP 200 and no JSON"):
        fetched(url, ALL)


def test_f10_an_answer_without_end_is_cut(place: tuple[Index, str]) -> None:
    index, url = place
    index.says = Said(200, (b" " * 2**20 for _ in range(40)))
    with pytest.raises(SourceError, match="the answer is above 32 MiB"):
        fetched(url, ALL)


def test_nobody_there_is_one_line_that_can_be_tried_again() -> None:
    with pytest.raises(SourceError, match=r"^OpenSearch http://127\.0\.0\.1:9/") as caught:
        fetched("http://127.0.0.1:9", ALL)
    assert caught.value.retryable


def test_a_user_is_sent_and_shown_in_no_message(place: tuple[Index, str]) -> None:
    index, url = place
    index.says = Said(401, [b"{}"])
    source = feeds(
        Settings(opensearch_url=url, opensearch_user="sloop", opensearch_password="hush"),
        AwsSession({}),
    )["opensearch"].source
    assert isinstance(source, OpenSearchSource)
    with closing(source), pytest.raises(SourceError) as caught:
        source.fetch((ALL,), SPAN)
    assert index.asked[0].headers["authorization"] == f"Basic {base64.b64encode(b'sloop:hush').decode()}"
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(("service", "action"), [("es", "es:ESHttpPost"), ("aoss", "aoss:APIAccessAll")])
def test_it_is_signed_for_the_service_and_a_refusal_names_the_action(
    place: tuple[Index, str], service: str, action: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    index, url = place
    index.says = Said(403, [b"{}"])
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "no secret")
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    settings = Settings(opensearch_url=url, opensearch_aws_region="eu-central-1", opensearch_aws_service=service)
    source = feeds(settings, AwsSession({}))["opensearch"].source
    assert isinstance(source, OpenSearchSource)
    with closing(source), pytest.raises(AccessDenied, match=f"allow the IAM action {action}$"):
        source.fetch((ALL,), SPAN)
    headers = index.asked[0].headers
    given = re.search(r"SignedHeaders=([^,]*), Signature=(.*)", headers["authorization"])
    assert given is not None
    assert "x-amz-content-sha256" in given[1]
    request = AWSRequest("POST", url + index.asked[0].path, {n: headers[n] for n in given[1].split(";")}, index.asked[0].body)
    request.context["timestamp"] = headers["x-amz-date"]
    auth = SigV4Auth(Credentials("AKIDEXAMPLE", "no secret"), service, "eu-central-1")
    assert auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request) == given[2]


def test_two_ways_to_sign_in_are_refused() -> None:
    settings = Settings(opensearch_url="http://127.0.0.1:9", opensearch_user="a", opensearch_aws_region="us-east-1")
    with pytest.raises(SettingsError, match="give one way to sign in"):
        feeds(settings, AwsSession({}))


@pytest.mark.parametrize("url", ["elsewhere", "http://user:pass@host", "ftp://host", "http://"])
def test_an_address_that_is_none_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(SettingsError, match="SLOOP_OPENSEARCH_URL") as caught:
        OpenSearchSource(url)
    assert "pass@" not in str(caught.value)


def test_a_query_of_another_source_is_a_bug() -> None:
    with closing(OpenSearchSource("http://127.0.0.1:9")) as source, pytest.raises(TypeError, match="not for OpenSearch"):
        source.fetch((GaugeQuery("up"),), SPAN)
