"""One loopback port for every simulated service, told apart as AWS clients tell them: JSON target or query action."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import socket
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from app.simulator.disturbance import halve, undisturbed
from app.simulator.wire import Refused, answer, refuse

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from app.simulator.clock import Clock
    from app.simulator.cloudwatch import CloudWatch
    from app.simulator.disturbance import Disturb

    Inject = Callable[[str, float], object]
    QueryHandler = Callable[[Mapping[str, str]], Awaitable[Response]]
    TargetHandler = Callable[[str, bytes], Response]
    RegionalHandler = Callable[[str, bytes, str], Response]
    Witness = Callable[[str, Mapping[str, Any], str, str], None]

HOST = "127.0.0.1"
TARGET = "GraniteServiceVersion20100801."
REGION = "@region"
"""Under this name a query call is told its region: the protocol has none, only the signature does."""
TICK_SECONDS = 0.1
"""Wall time between looks at the estate clock; far below an estate minute at any sensible speed."""


def _nobody(_operation: str, _request: Mapping[str, Any], _region: str, _user: str) -> None:
    pass


def _no_model(name: str, _start: float) -> None:
    raise ValueError(f"this simulator has no model that could break as {name}")


def create_app(
    cloudwatch: CloudWatch,
    clock: Clock,
    *,
    query: QueryHandler | None = None,
    inject: Inject = _no_model,
    routes: Sequence[BaseRoute] = (),
    disturb: Disturb = undisturbed,
    targets: Mapping[str, TargetHandler] | None = None,
    regional: Mapping[str, RegionalHandler] | None = None,
    witness: Witness = _nobody,
    ticking: bool = False,
) -> Starlette:
    """`query` answers form-encoded calls (SNS); `inject` starts a fault of the model; `ticking` evaluates alarms by itself.

    `targets` answer (operation, body) of other services that speak JSON, by their part of the `x-amz-target`; `regional` come
    first and are told the region too. `witness` hears every call that was answered: operation, request, region and key id.
    """
    aws = _Aws(cloudwatch, query, disturb, targets or {}, regional or {}, witness)

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        task = asyncio.create_task(_tick(cloudwatch, clock)) if ticking else None
        yield
        if task is not None:
            task.cancel()

    own = [
        Route("/", aws.post, methods=["POST"]),
        Route("/", aws.get, methods=["GET"]),
        Route("/healthz", _healthz),
        Route("/_sloop/faults", _faults(inject), methods=["POST"]),
    ]
    return Starlette(routes=[*own, *routes], lifespan=lifespan)


def listen(port: int = 0) -> socket.socket:
    """A socket on loopback for uvicorn; port 0 picks a free one."""
    # asyncio sets TCP_NODELAY only where the protocol is named; without it every answer waits 40 ms for an acknowledgement.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((HOST, port))
    listener.listen(100)
    return listener


async def _tick(cloudwatch: CloudWatch, clock: Clock) -> None:
    while True:
        cloudwatch.tick(clock.now())
        await asyncio.sleep(TICK_SECONDS)


class _Aws:
    def __init__(
        self,
        cloudwatch: CloudWatch,
        query: QueryHandler | None,
        disturb: Disturb,
        targets: Mapping[str, TargetHandler],
        regional: Mapping[str, RegionalHandler],
        witness: Witness,
    ) -> None:
        self._cloudwatch, self._query, self._disturb, self._targets = cloudwatch, query, disturb, targets
        self._regional, self._witness = regional, witness

    async def post(self, request: Request) -> Response:
        body = await request.body()
        if request.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        given, answered = await self._answer(request, body)
        if answered.status_code < 300 and given is not None:
            name, document = given
            self._witness(name, document, region_of(request) or "", user_of(request))
        return answered

    async def _answer(self, request: Request, body: bytes) -> tuple[tuple[str, Mapping[str, Any]] | None, Response]:
        """(operation and what it was asked, the answer)."""
        target, region = request.headers.get("x-amz-target", ""), region_of(request)
        if target.startswith(TARGET):
            name = target.removeprefix(TARGET)
            return (name, json.loads(body or b"{}")), await self._json(name, body, region)
        service, _, operation = target.rpartition(".")
        service = service.rpartition(".")[2]
        if service in self._regional:
            return (operation, json.loads(body or b"{}")), self._regional[service](operation, body, region or "")
        if service in self._targets:
            return None, self._targets[service](operation, body)
        form = {**dict(parse_qsl(body.decode(), keep_blank_values=True)), REGION: region or ""}
        return (form.get("Action", ""), form), await self._form(form)

    async def get(self, request: Request) -> Response:
        """SubscribeURLs are query calls in a link; what names no action is S3's list of buckets."""
        return await self._form({"Action": "ListBuckets", **request.query_params})

    async def _json(self, operation: str, body: bytes, region: str | None) -> Response:
        try:
            return answer(await self._answered(operation, json.loads(body or b"{}"), region))
        except Refused as refused:
            return refuse(refused)

    async def _answered(self, operation: str, request: dict[str, Any], region: str | None) -> dict[str, Any]:
        disturbance = self._disturb(operation, request)
        if disturbance is None:
            return self._cloudwatch.handle(operation, request, region)
        await asyncio.sleep(disturbance.seconds)
        disturbance.raise_for_kind(operation)
        document = self._cloudwatch.handle(operation, request, region)
        return halve(document) if disturbance.kind == "partial" else document

    async def _form(self, form: Mapping[str, str]) -> Response:
        if self._query is None or "Action" not in form:
            return refuse(Refused("InvalidAction", "The simulator knows no such service."))
        return await self._query(form)


def region_of(request: Request) -> str | None:
    """As the signature's scope names it: `Credential=KEY/DATE/REGION/SERVICE/aws4_request`."""
    scope = request.headers.get("authorization", "").partition("Credential=")[2].split("/")
    return scope[2] if len(scope) > 4 else None


def user_of(request: Request) -> str:
    """The id of the key that signed."""
    return request.headers.get("authorization", "").partition("Credential=")[2].split("/")[0] or "nobody"


async def _healthz(_request: Request) -> Response:
    return PlainTextResponse("ok")


def _faults(inject: Inject) -> Callable[[Request], Awaitable[Response]]:
    async def faults(request: Request) -> Response:
        """{"name", "start": estate epoch seconds}: 400 with the reason when the model has no such fault."""
        try:
            body = json.loads(await request.body())
            name, start = str(body["name"]), float(body["start"])
            inject(name, start)
        except (KeyError, TypeError, ValueError) as error:
            return JSONResponse({"detail": f"give a fault's name and start: {error}"}, 400)
        return JSONResponse({"name": name, "start": start})

    return faults
