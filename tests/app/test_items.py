from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from random import Random
from typing import TYPE_CHECKING

import numpy as np
import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.breach import Breach
from app import items
from app.api import documents
from app.ports import BreachRow
from app.snapshot import Snapshot, newest_first
from slo.judge.burn import rules_of, windows_of
from slo.judge.period import start as window_start
from slo.judge.series import Slices
from slo.judge.verdict import Circumstances, Verdict, judge
from slo.judge.windows import count
from tests.app import picture

if TYPE_CHECKING:
    from slo.estate.spec import Objective

T = picture.T


def random_verdict(luck: Random, objective: Objective) -> Verdict:
    """From slices over random minutes, under random circumstances."""
    minutes = np.array(sorted(luck.sample(range(T - 5000, T), luck.choice((0, 3, 400)))), np.int64)
    total = np.array([luck.choice((0, 1, 997, 10**9)) for _ in minutes], np.int64)
    bad = np.array([luck.randint(0, int(n)) // luck.choice((1, 10_000)) for n in total], np.int64)
    slices = Slices(minutes, total, bad, np.zeros(len(minutes), bool))
    windows = {w: count(slices, window_start(w, T), T) for w in windows_of(objective)}
    known = Circumstances(source_error=luck.choice((None, "denied: “ü”\n")), stale_since=luck.choice((None, T - 9)))
    return judge(objective, T, windows, int(minutes[0]) if len(minutes) else None, circumstances=known)


def random_snapshot(luck: Random) -> Snapshot:
    declared = picture.ESTATE.objectives
    verdicts = {o.id: random_verdict(luck, o) for o in declared if luck.random() < 0.8}
    rows = []
    for n, objective in enumerate(luck.sample(declared, 4)):
        rule, severity = rules_of(objective)[2 * (n % 2)], ("page", "ticket")[n % 2]
        breach = Breach(objective.id, severity, rule, T - n, Fraction(1, 7), resolved_at=luck.choice((None, T)))  # type: ignore[arg-type]
        rows.append(BreachRow(f"{objective.id}.{severity}.{T - n}", breach))
    return Snapshot(picture.ESTATE, picture.NOW, verdicts, newest_first(rows), indicators=picture.INDICATORS)


def with_items(snapshot: Snapshot) -> Snapshot:
    return replace(snapshot, items=items.rendered(snapshot.verdicts, snapshot.indicators, {}, {}))


@given(st.integers(0, 2**32))
@settings(deadline=None, max_examples=40)
def test_rendered_items_are_byte_for_byte_the_plainly_rendered_ones(seed: int) -> None:
    plain = random_snapshot(Random(seed))
    every = picture.ESTATE.objectives

    found = documents.rendered(with_items(plain), every)

    assert [item.body for item in found] == [orjson.dumps(documents.objective(plain, o)) for o in every]
    assert found == documents.rendered(plain, every)


@given(st.integers(0, 2**32), st.integers(1, 12))
@settings(deadline=None, max_examples=10)
def test_pages_of_the_api_are_the_same_with_and_without_what_was_rendered(seed: int, limit: int) -> None:
    plain = random_snapshot(Random(seed))
    history = picture.shared()[1]
    sites = (picture.site(plain, history), picture.site(with_items(plain), history))
    path: str | None = f"/api/v1/slos?limit={limit}"
    while path:
        one, other = (site.get(path) for site in sites)
        assert (one.content, one.headers["etag"]) == (other.content, other.headers["etag"])
        following = one.json()["next"]
        path = f"/api/v1/slos?limit={limit}&cursor={following}" if following else None


def test_one_verdict_that_changed_changes_the_list_and_its_tag_and_nothing_else() -> None:
    snapshot, history = picture.shared()
    before = with_items(snapshot)
    site = picture.site(before, history)
    first = site.get("/api/v1/slos")
    changed = replace(before.verdicts["edge.availability"], remaining=None, state="warning")
    verdicts = {**before.verdicts, "edge.availability": changed}
    rendered = items.rendered(verdicts, before.indicators, before.verdicts, before.items)

    site.box.put(replace(before, verdicts=verdicts, items=rendered))
    second = site.get("/api/v1/slos", if_none_match=first.headers["etag"])

    assert second.status_code == 200
    old, new = ({i["name"]: i for i in answer.json()["items"]} for answer in (first, second))
    assert {name for name in old if old[name] != new[name]} == {"edge.availability"}
    assert new["edge.availability"]["state"] == "warning"
    assert [n for n in rendered if rendered[n] is not before.items[n]] == ["edge.availability"]


def test_a_newer_version_of_the_shard_alone_renders_nothing_again() -> None:
    snapshot = with_items(picture.shared()[0])
    newer = {name: replace(v, data_version=v.data_version + 1) for name, v in snapshot.verdicts.items()}

    rendered = items.rendered(newer, snapshot.indicators, snapshot.verdicts, snapshot.items)

    assert all(rendered[name] is item for name, item in snapshot.items.items())


def test_a_breach_that_opens_shows_though_the_item_was_rendered_before() -> None:
    snapshot, history = picture.shared()
    site = picture.site(replace(with_items(snapshot), breaches=()), history)
    assert site.get("/api/v1/slos/api.availability").json()["breach"] is None

    site.box.put(with_items(snapshot))

    assert site.get("/api/v1/slos/api.availability").json()["breach"]["id"] == picture.breach_rows()[0].id


def test_the_next_snapshot_with_the_same_content_has_the_same_tag() -> None:
    snapshot, history = picture.shared()
    site = picture.site(with_items(snapshot), history)
    tag = site.get("/api/v1/slos").headers["etag"]

    site.box.put(with_items(snapshot))

    assert site.get("/api/v1/slos", if_none_match=tag).status_code == 304
