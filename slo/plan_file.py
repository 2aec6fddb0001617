"""A plan as a file: the same bytes for the same plan, and a hash that says whether somebody edited it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from slo.errors import ProvisionError
from slo.guards import Block, Guard, Permits
from slo.plan import Change, Drift, Field, Plan
from slo.resource import Place, Resource, normal, sha256

if TYPE_CHECKING:
    from collections.abc import Mapping

SCHEMA = 2


def document(plan: Plan) -> dict[str, Any]:
    """JSON values, without times: two plans for the same change of the same world are the same document.

    `plan_sha256` is the hash of the canonical form of everything else in it.
    """
    body: dict[str, Any] = {
        "schema": SCHEMA,
        "estate": plan.estate,
        "places": [{"account": p.account, "id": p.id, "region": p.region, "role_arn": p.role_arn} for p in plan.places],
        "changes": [_change(c) for c in plan.changes],
        "unchanged": plan.unchanged,
        "unmanaged": list(plan.unmanaged),
        "drifted": [_drift(d) for d in plan.drifted],
        "guard": _guard(plan.guard),
        "live_sha256": plan.live_sha,
    }
    return {**body, "plan_sha256": sha256(body)}


def drift_document(estate: str, drifted: tuple[Drift, ...]) -> dict[str, Any]:
    return {"schema": SCHEMA, "estate": estate, "drifted": [_drift(d) for d in drifted]}


def read(data: bytes, file: str) -> Plan:
    """ProvisionError when it is no plan, of another version, or not as it was written."""
    try:
        given = json.loads(data)
        if not isinstance(given, dict) or "plan_sha256" not in given:
            raise ProvisionError(f"{file}: not a plan; write one with `sloop plan --out {file}`")
        if given.get("schema") != SCHEMA:
            raise ProvisionError(
                f"{file}: a plan of schema {given.get('schema')!r}, and this program reads {SCHEMA}; plan again"
            )
        body = {key: value for key, value in given.items() if key != "plan_sha256"}
        if sha256(body) != given["plan_sha256"]:
            raise ProvisionError(f"{file}: the plan was edited after it was written (its hash differs); plan again")
        return _plan(body)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ProvisionError(f"{file}: not a plan ({error}); write one with `sloop plan --out {file}`") from None


def _plan(body: Mapping[str, Any]) -> Plan:
    return Plan(
        body["estate"],
        tuple(Place(p["account"], p["region"], p["id"], p["role_arn"]) for p in body["places"]),
        tuple(_read_change(c) for c in body["changes"]),
        body["unchanged"],
        tuple(body["unmanaged"]),
        tuple(_read_drift(d) for d in body["drifted"]),
        _read_guard(body["guard"]),
        body["live_sha256"],
    )


def _guard(guard: Guard) -> dict[str, Any]:
    return {
        "deletes": guard.deletes,
        "updates": guard.updates,
        "existing": guard.existing,
        "limit": guard.limit,
        "blocked": list(guard.blocked),
        "blocks": [{"code": b.code, "resource": b.resource, "text": b.text} for b in guard.blocks],
        "permits": {
            "destroy": guard.permits.destroy,
            "updates": guard.permits.updates,
            "codes": sorted(guard.permits.codes),
        },
        "protected": list(guard.protected),
    }


def _read_guard(body: Mapping[str, Any]) -> Guard:
    blocks = tuple(Block(b["code"], b["resource"], b["text"]) for b in body["blocks"])
    said = body["permits"]
    permits = Permits(said["destroy"], said["updates"], frozenset(said["codes"]))
    numbers = body["deletes"], body["existing"], body["limit"]
    return Guard(*numbers, blocks, body["updates"], permits, tuple(body["protected"]))


def _change(change: Change) -> dict[str, Any]:
    return {
        "op": change.op,
        **_named(change.resource),
        "before": _side(change.before),
        "after": _side(change.after),
        "fields": _fields(change.fields),
        "reason": change.reason,
    }


def _drift(drift: Drift) -> dict[str, Any]:
    sides = {"desired": _side(drift.desired), "live": _side(drift.live)}
    return {"class": drift.kind, **_named(drift.resource), **sides, "fields": _fields(drift.fields)}


def _named(resource: Resource) -> dict[str, Any]:
    return {"kind": resource.kind, "account": resource.account, "region": resource.region, "name": resource.name}


def _side(resource: Resource | None) -> dict[str, Any] | None:
    return None if resource is None else {"spec": normal(dict(resource.spec)), "tags": dict(sorted(resource.tags.items()))}


def _fields(fields: tuple[Field, ...]) -> list[dict[str, Any]]:
    return [{"path": f.path, "old": f.old, "new": f.new} for f in fields]


def _read_change(row: Mapping[str, Any]) -> Change:
    before, after = (_read_side(row, row[name]) for name in ("before", "after"))
    return Change(row["op"], before, after, _read_fields(row), row["reason"])


def _read_drift(row: Mapping[str, Any]) -> Drift:
    desired, live = (_read_side(row, row[name]) for name in ("desired", "live"))
    return Drift(row["class"], desired, live, _read_fields(row))


def _read_side(row: Mapping[str, Any], side: Mapping[str, Any] | None) -> Resource | None:
    return (
        None if side is None else Resource(row["kind"], row["account"], row["region"], row["name"], side["spec"], side["tags"])
    )


def _read_fields(row: Mapping[str, Any]) -> tuple[Field, ...]:
    return tuple(Field(f["path"], f["old"], f["new"]) for f in row["fields"])
