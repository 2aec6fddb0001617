"""Recovery targets as declared: RPO and RTO per failure scenario, and what counts as proof of them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from slo.estate import shares
from slo.estate.spec import RecoveryTarget
from slo.units import format_duration

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from slo.estate.places import Place

SCENARIOS = ("az-loss", "point-in-time-restore", "region-loss", "accidental-deletion")
FIELDS = ("scenario", "rpo", "rto", "proof_max_age", "within")
LONGEST_PROOF = 400 * 1440
"""Minutes: events and readings are kept no longer."""
_USUAL = RecoveryTarget("", None, None)


def read(place: Place) -> tuple[RecoveryTarget, ...]:
    found: dict[str, RecoveryTarget] = {}
    for item in place.items():
        fields = item.fields(FIELDS, required=("scenario",))
        scenario = fields["scenario"].one_of(SCENARIOS) if "scenario" in fields else None
        rpo, rto = (fields[key].duration() if key in fields else None for key in ("rpo", "rto"))
        if "rpo" not in fields and "rto" not in fields:
            item.error("missing_field", "a recovery target sets rpo, rto or both, like rpo: 5m")
        elif scenario in found:
            item.error("duplicate_name", f"scenario {scenario!r} is given twice for this component; keep one")
        elif scenario is not None:
            found[scenario] = RecoveryTarget(scenario, rpo, rto, **_proof(fields))
    return tuple(found.values())


def written(target: RecoveryTarget, share: str) -> dict[str, Any]:
    """The fields of a file, without those that are as usual; `share` is `within` in words."""
    spans = (("rpo", target.rpo), ("rto", target.rto))
    aged = {"proof_max_age": format_duration(target.proof_max_age)} if target.proof_max_age != _USUAL.proof_max_age else {}
    return {
        "scenario": target.scenario,
        **{name: format_duration(span) for name, span in spans if span is not None},
        **aged,
        **({"within": share} if target.within != _USUAL.within else {}),
    }


def noted(target: RecoveryTarget) -> dict[str, Any]:
    """As JSON with spans in minutes, for an annotation; `restored` reads it."""
    aged = {"proof_max_age": target.proof_max_age} if target.proof_max_age != _USUAL.proof_max_age else {}
    share = {"within": str(target.within)} if target.within != _USUAL.within else {}
    return {"scenario": target.scenario, "rpo": target.rpo, "rto": target.rto, **aged, **share}


def restored(item: Mapping[str, Any]) -> RecoveryTarget:
    """KeyError, TypeError, ValueError or ArithmeticError where it is not what `noted` wrote."""
    rpo, rto = (None if item.get(key) is None else int(item[key]) for key in ("rpo", "rto"))
    return RecoveryTarget(
        item["scenario"],
        rpo,
        rto,
        int(item.get("proof_max_age", _USUAL.proof_max_age)),
        Decimal(str(item.get("within", _USUAL.within))),
    )


def _proof(fields: Mapping[str, Place]) -> dict[str, Any]:
    """What is declared rightly of it; the rest is as usual."""
    found: dict[str, Any] = {}
    age = fields["proof_max_age"].duration() if "proof_max_age" in fields else None
    if age is not None and 60 <= age <= LONGEST_PROOF:
        found["proof_max_age"] = age
    elif age is not None:
        fields["proof_max_age"].error("bad_proof_age", f"proof_max_age {format_duration(age)} is outside 1h to 400d")
    share = shares.recovery_share(fields["within"]) if "within" in fields else None
    return found if share is None else {**found, "within": share}
