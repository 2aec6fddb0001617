"""JSON Schema (draft 2020-12) of the estate file, for editors: what `check` reads, as far as a schema can say it.

It is stricter in one thing: a kind or a key of a resource that the catalogue does not know is only a warning of `check`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from slo.estate import accounts, policies, schema_component, schema_indicator, schema_objective, schema_values
from slo.estate.schema_values import Schema, described, exactly_one, mapping, ref

if TYPE_CHECKING:
    from slo.catalog.catalog import Catalog


def render(catalog: Catalog) -> str:
    """The same bytes for the same catalogue."""
    return f"{json.dumps(schema(catalog), indent=2, ensure_ascii=False)}\n"


def schema(catalog: Catalog) -> Schema:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Sloop estate",
        "description": "What a team runs on AWS, and what it promises of it.",
        **_estate(),
        "$defs": {
            **schema_component.definitions(catalog),
            **schema_objective.definitions(),
            **schema_indicator.definitions(),
            "account": _account(),
            "exclusion": _exclusion(),
            **schema_values.DEFINITIONS,
        },
    }


def _estate() -> Schema:
    metadata = mapping({"name": described("Its name is the environment.", "prod", **ref("name"))}, ("name",))
    rules: Schema = {"type": "array", "minItems": 1, "maxItems": policies.MOST_RULES, "items": ref("rule")}
    properties: dict[str, Schema] = {
        "apiVersion": {"const": "sloop/v1"},
        "kind": {"const": "Estate"},
        "metadata": metadata,
        "accounts": described(
            "Where CloudWatch is read, by name; the first is the default.",
            '{main: {id: "111122223333", region: us-east-1}}',
            type="object",
            additionalProperties=ref("account"),
        ),
        "components": {"description": "What there is.", "type": "array", "items": ref("component")},
        "policies": described(
            "Burn rules by name; `default` replaces the one that ships.",
            "{strict: [{severity: page, budget: 2%, long: 1h, short: 5m}]}",
            type="object",
            additionalProperties=rules,
        ),
        "exclusions": {
            "description": "Approved times that do not page, or do not count.",
            "type": "array",
            "items": ref("exclusion"),
        },
    }
    return mapping(properties, ("apiVersion", "kind", "metadata", "components"))


def _account() -> Schema:
    properties = {
        "id": described("12 digits, in quotes.", "111122223333", type="string", pattern=f"^{accounts.ID.pattern}$"),
        "region": described("Where its metrics are.", "us-east-1", type="string", pattern=f"^{accounts.REGION.pattern}$"),
        "role_arn": described(
            "Assumed to read it.", "arn:aws:iam::111122223333:role/sloop", type="string", pattern=f"^{accounts.ROLE.pattern}$"
        ),
        "monitored_by": described(
            "The account that CloudWatch shows its metrics in, of the same region.", "monitoring", **ref("text")
        ),
    }
    return mapping(properties, ("id", "region"))


def _exclusion() -> Schema:
    properties = {
        "objective": described("The id of one objective.", "api.availability", **ref("text")),
        "component": described("Or every objective of one component.", "api", **ref("name")),
        "from": described("The first minute.", "2026-03-01T00:00:00Z", **ref("time")),
        "to": described("The first minute after it.", "2026-03-01T02:00:00Z", **ref("time")),
        "kind": described("mute: no pages. budget: corrected numbers beside the raw ones.", "mute", enum=["mute", "budget"]),
        "reason": described("Why.", "Move to another region", **ref("text")),
        "approved_by": described("Who agreed.", "head-of-operations", **ref("text")),
    }
    return mapping(properties, ("from", "to", "kind", "reason"), oneOf=exactly_one("objective", "component"))
