"""Files of one estate -> the estate, or every reason why not, in the order of the files.

An error means that nothing is judged. A warning is what `evaluate` on a slices file can do without and the service cannot:
a kind, an indicator or a resource key that the catalogue does not know.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from slo.errors import Problem
from slo.estate import accounts, components, exclusions, measurable, nodes, openslo, policies, references
from slo.estate.openslo_object import KINDS
from slo.estate.places import Place
from slo.estate.problems import shown
from slo.estate.spec import Estate
from slo.estate.tree import Fields, Items

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slo.catalog.catalog import Catalog
    from slo.estate.spec import Component

_ESTATE = ("apiVersion", "kind", "metadata", "accounts", "components", "policies", "exclusions")


@dataclass(frozen=True, slots=True)
class Loaded:
    """`estate` is None when there is an error; `problems` are sorted by file and line."""

    estate: Estate | None
    problems: tuple[Problem, ...]


def load(files: Sequence[tuple[str, bytes]], catalog: Catalog) -> Loaded:
    """From (name, bytes) of every file. Never raises: whatever is wrong is a problem with its file, line and path."""
    contents = [nodes.read(name, data) for name, data in files]
    places = [place for c in contents for document in c.documents for place in _unlisted(Place.root(document, c.log))]
    known = [(kind, place) for place in places if (kind := _kind(place)) is not None]
    estates = [place for kind, place in known if kind == "Estate"]
    problems = [] if known or any(c.log.failed for c in contents) else [_no_estate(files)]
    for other in estates[1:]:
        first = f"{estates[0].log.file}:{estates[0].line}"
        other.error("second_estate", f"the estate is declared in {first} already; one estate per process, merge the two")
    services = openslo.read([(kind, place) for kind, place in known if kind != "Estate"], catalog.default_policy, catalog.units)
    bare = Estate(openslo.NAME, components=openslo.placed(services, ()), policies={"default": catalog.default_policy})
    estate = _estate(estates[0], catalog, services) if estates else bare
    problems += [problem for c in contents for problem in c.log.found]
    problems.sort(key=lambda p: (p.file, p.line, p.path, p.code))
    failed = any(p.severity == "error" for p in problems)
    return Loaded(None if failed else estate, tuple(problems))


def _no_estate(files: Sequence[tuple[str, bytes]]) -> Problem:
    message = "no estate is declared here; start with apiVersion: sloop/v1 and kind: Estate, or write OpenSLO documents"
    return Problem(files[0][0] if files else "", 1, "", "error", "no_estate", message)


def _unlisted(root: Place) -> list[Place]:
    """A list of documents, the one way for JSON to hold several, is what stands in it."""
    node = root.node
    return root.items() if isinstance(node, Items) and node.items and isinstance(node.items[0], Fields) else [root]


def _kind(place: Place) -> str | None:
    """`Estate`, or one of OpenSLO; everything else is a problem of its own."""
    fields = place.fields(required=("apiVersion", "kind"))
    if len({"apiVersion", "kind"} & fields.keys()) < 2:
        return None
    version, kind = fields["apiVersion"].text(), fields["kind"].text()
    kinds = {"sloop/v1": ("Estate",), "openslo/v1": KINDS}.get(version or "", ())
    if version is not None and not kinds:
        known = "; write sloop/v1, or openslo/v1 for OpenSLO documents"
        fields["apiVersion"].error("wrong_version", f"apiVersion {shown(version)} is not read{known}")
    elif version is not None and kind is not None and kind not in kinds:
        fields["kind"].error("wrong_kind", f"kind {shown(kind)} is not read in {version}; write {' or '.join(kinds)}")
    return kind if kind in kinds else None


def _estate(place: Place, catalog: Catalog, services: tuple[Component, ...]) -> Estate:
    fields = place.fields(_ESTATE, required=("metadata", "components"))
    metadata = fields["metadata"].fields(("name",), required=("name",)) if "metadata" in fields else {}
    name = metadata["name"].label() if "name" in metadata else None
    known_accounts = accounts.read(fields["accounts"]) if "accounts" in fields else ()
    own_policies = policies.read(fields["policies"]) if "policies" in fields else {}
    policies_by_name = {"default": catalog.default_policy} | own_policies
    around = components.Surroundings({a.name: a for a in known_accounts}, policies_by_name, catalog.kinds)
    items = fields["components"].items() if "components" in fields else []
    by_name = references.unique([d for item in items if (d := components.read(item, around)) is not None])
    references.check_dependencies(by_name, [service.name for service in services])
    parts = references.check_parts(by_name, catalog.kinds)
    declared = tuple(d.component for d in by_name.values())
    measurable.check(place, by_name, parts, catalog, around)
    joined = openslo.placed(_joined(place, declared, services), known_accounts)
    estate = Estate(name or "?", known_accounts, joined, policies=policies_by_name)
    if "exclusions" not in fields:
        return estate
    ids = {o.id for o in estate.objectives}
    read_ones = [exclusions.read(p, ids, {c.name for c in estate.components}) for p in fields["exclusions"].items()]
    return replace(estate, exclusions=tuple(e for e in read_ones if e is not None))


def _joined(place: Place, declared: tuple[Component, ...], services: tuple[Component, ...]) -> tuple[Component, ...]:
    """The objectives of a service that has a component's name are that component's; ids are unique over both."""
    extra = {service.name: service for service in services}
    ids = {o.id for component in declared for o in component.objectives}
    for objective in (o for service in services for o in service.objectives if o.id in ids):
        message = f"objective id {objective.id!r} is that of an OpenSLO objective too; give one of them another name"
        place.error("duplicate_id", message)
    joined = [
        replace(c, objectives=(*c.objectives, *extra[c.name].objectives), no_objective=None)
        if c.name in extra and extra[c.name].objectives
        else c
        for c in declared
    ]
    names = {component.name for component in declared}
    return (*joined, *(service for service in services if service.name not in names))
