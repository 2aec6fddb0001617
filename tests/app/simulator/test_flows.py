from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from app.simulator.model import DemoModel
from app.simulator.resources import INTERNAL_BALANCER, LOAD_BALANCER, TARGET_GROUPS

if TYPE_CHECKING:
    from app.simulator.samples import MinuteSums

START = 29_900_160
DAY = 1440
CDN = {"DistributionId": "E2DEMO0EXAMPLE", "Region": "Global"}
MEDIA = {"BucketName": "demo-media", "FilterId": "EntireBucket"}
GATEWAY = {"NatGatewayId": "nat-0demo1a"}
SEARCH = {"DomainName": "demo-logs", "ClientId": "111122223333"}
BALANCER = {"LoadBalancer": LOAD_BALANCER}


def read(demo: DemoModel, namespace: str, metric: str, dimensions: dict[str, str]) -> MinuteSums:
    series = demo.series(namespace, metric, frozenset(dimensions.items()))
    assert series is not None
    return series.sums(START, START + DAY)


def test_the_rate_of_cloudfront_times_its_requests_is_the_true_number_of_errors() -> None:
    demo = DemoModel(5)
    demo.inject("cdn-5xx", (START + 700) * 60 + 17)
    requests, rate = (read(demo, "AWS/CloudFront", metric, CDN) for metric in ("Requests", "5xxErrorRate"))
    errors = requests.sum * (rate.sum / rate.count) / 100
    assert errors == pytest.approx(np.round(errors), abs=1e-6)
    assert np.array_equal(np.round(errors), demo.truth("cdn.availability", START, START + DAY).bad)


def test_what_fails_behind_the_load_balancer_fails_at_the_edge_of_the_network_too() -> None:
    quiet, broken = DemoModel(5), DemoModel(5)
    broken.inject("api-5xx", (START + 700) * 60)
    more = [
        int((broken.truth(name, START, START + DAY).bad - quiet.truth(name, START, START + DAY).bad).sum())
        for name in ("api.availability", "edge.availability", "cdn.availability")
    ]
    assert more[0] > 1000
    assert more == [more[0]] * 3


def test_the_firewall_lets_through_what_cloudfront_serves() -> None:
    demo, web_acl = DemoModel(5), {"WebACL": "demo-edge", "Rule": "ALL"}
    allowed, blocked = (read(demo, "AWS/WAFV2", metric, web_acl).sum for metric in ("AllowedRequests", "BlockedRequests"))
    assert np.array_equal(allowed, read(demo, "AWS/CloudFront", "Requests", CDN).sum)
    assert blocked.sum() == pytest.approx(allowed.sum() / 150, rel=0.01)


def test_the_errors_of_a_bucket_are_a_flag_on_every_request() -> None:
    demo = DemoModel(5)
    requests, errors = (read(demo, "AWS/S3", metric, MEDIA) for metric in ("AllRequests", "5xxErrors"))
    assert np.array_equal(errors.count, requests.sum)
    assert np.array_equal(errors.sum, demo.truth("media.availability", START, START + DAY).bad)


def test_a_connection_without_a_port_is_not_attempted_and_no_more_are_established_than_attempted() -> None:
    demo = DemoModel(5)
    demo.inject("nat-exhausted", (START + 700) * 60 + 17)
    names = ("ConnectionAttemptCount", "ConnectionEstablishedCount", "ErrorPortAllocation")
    attempts, established, refused = (read(demo, "AWS/NATGateway", metric, GATEWAY).sum for metric in names)
    truth = demo.truth("nat-a.availability", START, START + DAY)
    assert (established <= attempts).all()
    assert np.array_equal(attempts + refused, truth.total)
    assert np.array_equal(attempts + refused - established, truth.bad)
    assert np.flatnonzero(refused).tolist() == [*range(700, 716)]
    assert truth.bad[705] / truth.total[705] == pytest.approx(0.8, abs=0.01)


def test_answers_by_status_add_up_to_all_requests() -> None:
    demo = DemoModel(5)
    parts = sum(read(demo, "AWS/ES", f"{code}xx", SEARCH).sum for code in (2, 3, 4, 5))
    assert np.array_equal(parts, read(demo, "AWS/ES", "OpenSearchRequests", SEARCH).sum)
    codes = sum(read(demo, "AWS/ApplicationELB", f"HTTPCode_Target_{code}XX_Count", BALANCER).sum for code in (2, 3, 4, 5))
    assert np.array_equal(codes, read(demo, "AWS/ApplicationELB", "RequestCount", BALANCER).sum)


def test_a_load_balancer_times_the_answers_of_all_its_targets() -> None:
    demo = DemoModel(5)
    counts = [
        read(demo, "AWS/ApplicationELB", "TargetResponseTime", dimensions).count
        for dimensions in (BALANCER, *({**BALANCER, "TargetGroup": TARGET_GROUPS[name]} for name in ("api", "web")))
    ]
    assert np.array_equal(counts[0], counts[1] + counts[2])


def test_the_internal_load_balancer_is_apart() -> None:
    internal = {"LoadBalancer": INTERNAL_BALANCER}
    demo = DemoModel(5)
    truth = demo.truth("tools.availability", START, START + DAY)
    assert np.array_equal(read(demo, "AWS/ApplicationELB", "RequestCount", internal).sum, truth.total)


def test_the_pager_has_a_heartbeat_every_minute() -> None:
    delivered = read(DemoModel(5), "AWS/SNS", "NumberOfNotificationsDelivered", {"TopicName": "sloop-demo-pages"})
    assert set(delivered.sum) == {1.0}
