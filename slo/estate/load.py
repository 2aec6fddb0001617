"""Files of one estate -> the estate, or every reason why not, in the order of the files.

An error means that nothing is judged. A warning is what `evaluate` on a slices file can do without and the service cannot:
a kind, an indicator or a resource key that the catalogue does not know.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from slo.catalog.template import Unbound
from slo.errors import Problem
from slo.estate import accounts, components, exclusions, nodes, policies, references
from slo.estate.places import Place
from slo.estate.problems import shown
from slo.estate.spec import Estate
from slo.estate.tree import Scalar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from slo.catalog.catalog import Catalog
    from slo.catalog.kind import Kind
    from slo.estate.components import Declared
    from slo.estate.spec import Account

_ESTATE = ("apiVersion", "kind", "metadata", "accounts", "components", "policies", "exclusions")


@dataclass(frozen=True, slots=True)
class Loaded:
    """`estate` is None when there is an error; `problems` are sorted by file and line."""

    estate: Estate | None
    problems: tuple[Problem, ...]


def load(files: Sequence[tuple[str, bytes]], catalog: Catalog) -> Loaded:
    """From (name, bytes) of every file. Never raises: whatever is wrong is a problem with its file, line and path."""
    contents = [nodes.read(name, data) for name, data in files]
    places = [Place.root(document, c.log) for c in contents for document in c.documents]
    estates = [place for place in places if _is_estate(place)]
    problems = [] if estates or any(c.log.failed for c in contents) else [_no_estate(files)]
    for other in estates[1:]:
        first = f"{estates[0].log.file}:{estates[0].line}"
        other.error("second_estate", f"the estate is declared in {first} already; one estate per process, merge the two")
    estate = _estate(estates[0], catalog) if estates else None
    problems += [problem for c in contents for problem in c.log.found]
    problems.sort(key=lambda p: (p.file, p.line, p.path, p.code))
    failed = any(p.severity == "error" for p in problems)
    return Loaded(None if failed else estate, tuple(problems))


def _no_estate(files: Sequence[tuple[str, bytes]]) -> Problem:
    message = "no estate is declared here; start with apiVersion: sloop/v1 and kind: Estate"
    return Problem(files[0][0] if files else "", 1, "", "error", "no_estate", message)


def _is_estate(place: Place) -> bool:
    """Everything else is a problem of its own."""
    fields = place.fields(required=("apiVersion", "kind"))
    if len({"apiVersion", "kind"} & fields.keys()) < 2:
        return False
    version, kind = fields["apiVersion"].text(), fields["kind"].text()
    if version == "openslo/v1":
        fields["kind"].error("not_supported", "OpenSLO documents are not judged in this release; write an Estate")
    elif version is not None and version != "sloop/v1":
        known = "; write sloop/v1, or openslo/v1 for OpenSLO documents"
        fields["apiVersion"].error("wrong_version", f"apiVersion {shown(version)} is not read{known}")
    elif version is not None and kind is not None and kind != "Estate":
        fields["kind"].error("wrong_kind", f"kind {shown(kind)} is not read in sloop/v1; write Estate")
    return version == "sloop/v1" and kind == "Estate"


def _estate(place: Place, catalog: Catalog) -> Estate:
    fields = place.fields(_ESTATE, required=("metadata", "components"))
    metadata = fields["metadata"].fields(("name",), required=("name",)) if "metadata" in fields else {}
    name = metadata["name"].label() if "name" in metadata else None
    known_accounts = accounts.read(fields["accounts"]) if "accounts" in fields else ()
    own_policies = policies.read(fields["policies"]) if "policies" in fields else {}
    around = components.Surroundings(
        {a.name for a in known_accounts}, {"default": catalog.default_policy} | own_policies, catalog.kinds
    )
    items = fields["components"].items() if "components" in fields else []
    by_name = references.unique([d for item in items if (d := components.read(item, around)) is not None])
    references.check_dependencies(by_name)
    declared = tuple(d.component for d in by_name.values())
    estate = Estate(name or "?", known_accounts, declared)
    _check_measurable(place, estate, by_name, catalog)
    if "exclusions" not in fields:
        return estate
    ids = {o.id for o in estate.objectives}
    read_ones = [exclusions.read(p, ids, by_name) for p in fields["exclusions"].items()]
    return Estate(estate.name, known_accounts, declared, tuple(e for e in read_ones if e is not None))


def _check_measurable(place: Place, estate: Estate, by_name: Mapping[str, Declared], catalog: Catalog) -> None:
    """Warn of what the service will not be able to measure."""
    by_account = {a.name: a for a in estate.accounts}
    for one in by_name.values():
        account = by_account.get(one.component.account) if one.component.account else estate.account(None)
        if one.component.kind in catalog.kinds:
            _check_keys(one, catalog.kinds[one.component.kind])
            _check_indicators(one, catalog, account, place)
            _check_signals(one, catalog, account)
        elif one.component.kind:
            reason = catalog.bind(one.component, "", None)
            assert isinstance(reason, Unbound), "an unknown kind binds nothing"
            one.place.fields()["kind"].warn(reason.code, reason.text)


def _check_keys(one: Declared, kind: Kind) -> None:
    fields = one.place.fields()
    for key, value in fields["resource"].fields().items() if "resource" in fields else ():
        if key not in kind.resource:
            message = f"kind {kind.name!r} does not read {shown(key)}{value.hint(key, kind.resource)}"
            value.warn("unknown_resource", message)


def _check_signals(one: Declared, catalog: Catalog, account: Account | None) -> None:
    """Of a kind that promises nothing and is watched all the same; where there are objectives, these say what is lacking."""
    reason = catalog.signals(one.component, account) if catalog.kinds[one.component.kind].no_objective else None
    if isinstance(reason, Unbound):
        one.place.fields().get("resource", one.place).warn(reason.code, reason.text)


def _check_indicators(one: Declared, catalog: Catalog, account: Account | None, estate: Place) -> None:
    """Each reason once, at the field to change."""
    fields = one.place.fields()
    named = {
        text.node.text: text for o in one.objectives if (text := o.fields().get("indicator")) and isinstance(text.node, Scalar)
    }
    for indicator in dict.fromkeys(o.indicator for o in one.component.objectives):
        reason = catalog.bind(one.component, indicator, account)
        if not isinstance(reason, Unbound):
            continue
        if reason.code == "unknown_indicator":
            named[indicator].warn(reason.code, reason.text)
        elif reason.code == "missing_account":
            estate.warn(reason.code, reason.text)
        else:
            fields.get("resource", one.place).warn(reason.code, reason.text)
