"""Reads an account, describing and listing only: what it holds that the catalogue has a kind for, and who calls whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.aws.calls import call
from app.aws.survey import Survey
from app.aws.survey_compute import compute
from app.aws.survey_data import data
from app.aws.survey_edge import edge, network, storage
from app.aws.survey_linked import linked
from app.discover import Inventory
from slo.errors import SourceError

if TYPE_CHECKING:
    from app.aws.session import AwsSession
    from app.aws.xray import XRaySource
    from slo.units import Minute


class AwsDiscovery:
    """Reads as the credentials that are found in the environment."""

    def __init__(self, session: AwsSession, traces: XRaySource, region: str) -> None:
        self._session, self._traces, self._region = session, traces, region

    def read(self, start: Minute, end: Minute) -> Inventory:
        """X-Ray's map of start <= minute < end. SourceError when not even the account's id is told."""
        client = self._session.client("sts", None, self._region)
        account_id = call("sts:GetCallerIdentity", client.get_caller_identity)["Account"]
        survey = Survey(self._session, self._region, account_id)
        found = tuple(one for read in (edge, compute, data, storage, network) for one in read(survey))
        edges = self._edges(survey, start, end)
        survey.gaps += [
            f"the components of account {id_}, whose metrics this account shows: "
            "run `sloop init --from-aws` as that account, and say who it is monitored_by"
            for id_ in linked(survey)
        ]
        return Inventory(account_id, self._region, found, edges, tuple(survey.gaps))

    def _edges(self, survey: Survey, start: Minute, end: Minute) -> frozenset[tuple[str, str]]:
        try:
            edges = self._traces.edges(None, self._region, start, end)
        except SourceError as error:
            survey.gap(error)
            return frozenset()
        return frozenset((e.caller, e.callee) for e in edges)
