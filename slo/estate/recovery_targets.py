"""Recovery targets as declared: RPO and RTO per failure scenario."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slo.estate.spec import RecoveryTarget

if TYPE_CHECKING:
    from slo.estate.places import Place

SCENARIOS = ("az-loss", "point-in-time-restore", "region-loss", "accidental-deletion")


def read(place: Place) -> tuple[RecoveryTarget, ...]:
    found: dict[str, RecoveryTarget] = {}
    for item in place.items():
        fields = item.fields(("scenario", "rpo", "rto"), required=("scenario",))
        scenario = fields["scenario"].one_of(SCENARIOS) if "scenario" in fields else None
        rpo, rto = (fields[key].duration() if key in fields else None for key in ("rpo", "rto"))
        if "rpo" not in fields and "rto" not in fields:
            item.error("missing_field", "a recovery target sets rpo, rto or both, like rpo: 5m")
        elif scenario in found:
            item.error("duplicate_name", f"scenario {scenario!r} is given twice for this component; keep one")
        elif scenario is not None:
            found[scenario] = RecoveryTarget(scenario, rpo, rto)
    return tuple(found.values())
