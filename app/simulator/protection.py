"""AWS Backup and FIS on the wire, as REST JSON: points, copies, tested restores, what was broken on purpose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.simulator.backup_truth import BackupTruth
from app.simulator.recoverable import ACCOUNT, REGION
from app.simulator.server import region_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from starlette.requests import Request

    from app.simulator.clock import Clock
    from app.simulator.faults import Fault
    from app.simulator.recoverable import Resources

    Handler = Callable[[Request], Response]

EXPERIMENTS = {"fis-failover": "aws:rds:reboot-db-instances"}
"""Fault -> the action of FIS that makes it."""


class Protection:
    """`denied` is asked for the IAM actions that are refused."""

    def __init__(
        self,
        clock: Clock,
        resources: Callable[[], Resources],
        faults: Callable[[], Sequence[Fault]],
        denied: Callable[[], Collection[str]],
    ) -> None:
        self._clock, self._resources, self._faults, self._denied = clock, resources, faults, denied

    def routes(self) -> list[Route]:
        """The ARN of a resource holds slashes and colons, so the longer paths come first."""
        arn = "/resources/{arn:path}"
        return [
            self._route(f"{arn}/recovery-points/", "backup:ListRecoveryPointsByResource", self._points),
            self._route(f"{arn}/restore-jobs/", "backup:ListRestoreJobsByProtectedResource", self._restores),
            self._route(arn, "backup:DescribeProtectedResource", self._protected),
            self._route("/copy-jobs/", "backup:ListCopyJobs", self._copies),
            self._route("/backup-vaults/{vault}/recovery-points/{arn:path}", "backup:DescribeRecoveryPoint", self._copy),
            self._route("/experiments", "fis:ListExperiments", self._experiments),
            self._route("/experiments/{id}", "fis:GetExperiment", self._experiment),
        ]

    def _route(self, path: str, action: str, answer: Handler) -> Route:
        async def handle(request: Request) -> Response:
            if action in self._denied():
                return _refused(403, "AccessDeniedException", f"User: sloop is not authorized to perform: {action}")
            return answer(request)

        return Route(path, handle, methods=["GET"])

    def _truth(self) -> BackupTruth:
        return BackupTruth(self._resources(), self._faults(), self._clock.now())

    def _points(self, request: Request) -> Response:
        return JSONResponse({"RecoveryPoints": self._truth().points(_arn(request))})

    def _restores(self, request: Request) -> Response:
        return JSONResponse({"RestoreJobs": self._truth().restores(_arn(request), region_of(request) or REGION)})

    def _protected(self, request: Request) -> Response:
        return _found(self._truth().protected(_arn(request)), _arn(request))

    def _copies(self, request: Request) -> Response:
        return JSONResponse({"CopyJobs": self._truth().copies(request.query_params.get("resourceArn", ""))})

    def _copy(self, request: Request) -> Response:
        return _found(self._truth().copy(_arn(request), region_of(request) or REGION), _arn(request))

    def _experiments(self, _request: Request) -> Response:
        return JSONResponse({"experiments": [self._summary(number, f) for number, f in self._made()]})

    def _experiment(self, request: Request) -> Response:
        id_ = request.path_params["id"]
        fault = next((f for number, f in self._made() if f"EXP{number}" == id_), None)
        if fault is None:
            return _refused(404, "ResourceNotFoundException", f"{id_} not found")
        arns = [f"arn:aws:rds:{REGION}:{ACCOUNT}:db:{name}" for name in self._resources().instances]
        action: dict[str, Any] = {
            "actionId": EXPERIMENTS[fault.name],
            "startTime": fault.start,
            "targets": {"DBInstances": "databases"},
        }
        targets = {"databases": {"resourceType": "aws:rds:db", "resourceArns": arns}}
        summary = self._summary(int(id_.removeprefix("EXP")), fault)
        return JSONResponse({"experiment": {**summary, "targets": targets, "actions": {"fail-over": action}}})

    def _made(self) -> list[tuple[int, Fault]]:
        made = [f for f in self._faults() if f.name in EXPERIMENTS and f.start <= self._clock.now()]
        return list(enumerate(made, 1))

    def _summary(self, number: int, fault: Fault) -> dict[str, Any]:
        status = "completed" if fault.end <= self._clock.now() else "running"
        return {"id": f"EXP{number}", "creationTime": fault.start, "state": {"status": status}}


def _arn(request: Request) -> str:
    return unquote(request.path_params["arn"])


def _found(document: dict[str, Any] | None, what: str) -> Response:
    return _refused(404, "ResourceNotFoundException", f"{what} not found") if document is None else JSONResponse(document)


def _refused(status: int, code: str, message: str) -> Response:
    return JSONResponse({"message": message, "Message": message}, status, {"x-amzn-errortype": code})
