"""boto3 clients per account and region: credentials, assumed roles, time-outs. Everything that AWS says comes through here."""

from __future__ import annotations

from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeAlias

import boto3
import botocore.session
from botocore.config import Config
from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
)
from botocore.parsers import ResponseParserError

from app.aws.bucket import TokenBucket
from app.aws.parser import moment
from app.aws.skew import Skew
from app.clock import WallClock
from slo.errors import AccessDenied, QuotaReached, SourceError, Throttled, one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from slo.estate.spec import Account

_CONFIG = Config(
    connect_timeout=3,
    read_timeout=20,
    retries={"mode": "standard", "total_max_attempts": 4},
    user_agent_extra="sloop",
)
_MONOTONIC, _WALL = WallClock().monotonic, WallClock().wall
_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError"}
_THROTTLED = {
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottledException",
    "RequestThrottled",
    "RequestLimitExceeded",
    "TooManyRequestsException",
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "TransactionInProgressException",
    "BandwidthLimitExceeded",
    "EC2ThrottledException",
    "PriorRequestNotComplete",
    "SlowDown",
}
"""What botocore takes for it."""
_FULL = {"LimitExceeded", "LimitExceededFault", "TopicLimitExceeded", "SubscriptionLimitExceeded"}
"""The account's quota of a kind, which waiting does not raise."""
_PERMANENT = (NoCredentialsError, PartialCredentialsError, ProfileNotFound, ParamValidationError)
_TRANSIENT = {
    "InternalServiceError",
    "InternalFailure",
    "InternalError",
    "ServiceUnavailable",
    "RequestTimeout",
    "RequestTimeoutException",
}
_TRANSIENT_STATUS = {500, 502, 503, 504}
EXPIRED = {"ExpiredToken", "ExpiredTokenException"}
_HINTS = {
    **dict.fromkeys(EXPIRED, "the credentials have expired: renew them"),
    "RequestTimeTooSkewed": "set this machine's clock (NTP)",
}


class AwsSession:
    """Clients are made once per (service, account, region) and reused: making one costs tens of milliseconds.

    Those of one account come from one boto3 session, which reads botocore's data once; it is not made for many threads at a
    time, so they are made one after the other.
    """

    def __init__(
        self,
        accounts: Mapping[str, Account],
        *,
        default_region: str = "us-east-1",
        config: Config = _CONFIG,
        monotonic: Callable[[], float] = _MONOTONIC,
        wall: Callable[[], datetime] = _WALL,
    ) -> None:
        """`wall` is what the Date of every answer is compared with, in `skew`."""
        self.skew = Skew(wall)
        self._accounts = accounts
        self._monotonic = monotonic
        self._buckets: dict[tuple[str | None, str], TokenBucket] = {}
        self._default_region = default_region
        self._config = config
        self._clients: dict[tuple[str, str | None, str], Any] = {}
        self._sessions: dict[str | None, boto3.Session] = {}
        self._lock = Lock()

    def client(self, service: str, account: str | None = None, region: str | None = None) -> Any:
        """`account` None means the credentials as they are found in the environment. SourceError when none can be made."""
        known = self._accounts.get(account) if account else None
        where = region or (known.region if known else self._default_region)
        key = (service, account, where)
        with self._lock:
            if key not in self._clients:
                try:
                    self._clients[key] = self._session_of(known).client(service, region_name=where, config=self._config)
                except (BotoCoreError, ValueError) as error:  # a plain ValueError: an endpoint that is no URL
                    raise SourceError(f"{service} in {where}: {one_line(error)}", retryable=False) from error
            return self._clients[key]

    def monitor(self, account: str | None) -> str | None:
        """The name of the account that is asked for the metrics of this one: its own, or the one that it is linked to."""
        known = self._accounts.get(account) if account else None
        return account if known is None or known.monitored_by is None else known.monitored_by

    def owner(self, account: str | None) -> str | None:
        """The id to ask its metrics with; None where it is asked itself."""
        known = self._accounts.get(account) if account else None
        return None if known is None or known.monitored_by is None else known.id

    def credentials(self, account: str | None = None) -> Any:
        """botocore's, which it refreshes before they expire; None when there are none. BotoCoreError."""
        with self._lock:
            return self._session_of(self._accounts.get(account) if account else None).get_credentials()

    def bucket(self, account: str | None, region: str) -> TokenBucket:
        """Of GetMetricData calls, shared by everybody who asks this account and region."""
        with self._lock:
            return self._buckets.setdefault((account, region), TokenBucket(self._monotonic))

    def renew(self, stale: Any) -> None:
        """Forgets the account of a client whose credentials were refused: the next client finds its credentials anew."""
        with self._lock:
            for account in {key[1] for key, client in self._clients.items() if client is stale}:
                self._sessions.pop(account, None)
                self._clients = {key: client for key, client in self._clients.items() if key[1] != account}

    def _session_of(self, account: Account | None) -> boto3.Session:
        name = account.name if account else None
        if name not in self._sessions:
            self._sessions[name] = self._session(account)
        return self._sessions[name]

    def _session(self, account: Account | None) -> boto3.Session:
        core = _core()
        if account is not None and account.role_arn:
            core = _assume(core, account.role_arn, account.region, self._config)
        core.register("after-call", self._hear)  # clients take a copy of their session's hooks
        return boto3.Session(botocore_session=core)

    def _hear(self, http_response: Any, **_: object) -> None:
        self.skew.hear(http_response.headers.get("date"))


def _core() -> botocore.session.Session:
    core = botocore.session.get_session()
    core.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=moment)
    return core


def _assume(core: botocore.session.Session, role_arn: str, region: str, config: Config) -> botocore.session.Session:
    """Credentials of the role, refreshed by botocore before they expire."""
    own = core.get_credentials()
    if own is None:
        raise NoCredentialsError
    sts = partial(core.create_client, region_name=region, config=config)
    fetcher = AssumeRoleCredentialFetcher(sts, own, role_arn, extra_args={"RoleSessionName": "sloop"})
    assumed = _core()
    assumed._credentials = DeferredRefreshableCredentials(fetcher.fetch_credentials, "assume-role")  # noqa: SLF001  # the documented way to hand credentials over
    return assumed


FAILURES = (ClientError, BotoCoreError, ResponseParserError)
"""What a call of botocore may raise; the last one, for an answer that is not AWS's, is of no family."""
Failure: TypeAlias = ClientError | BotoCoreError | ResponseParserError


def source_error(action: str, error: Failure, hint: str = "") -> SourceError:
    """An error of botocore as ours: denied, throttled, or failed; `action` is the IAM action of the call, `hint` the fix."""
    if isinstance(error, ResponseParserError):
        return SourceError(f"{action}: the answer is none of AWS; trying again may help", retryable=True)
    if not isinstance(error, ClientError):
        return SourceError(f"{action}: {one_line(error)}", retryable=not isinstance(error, _PERMANENT))
    if error.operation_name == "AssumeRole":
        action = "sts:AssumeRole"  # botocore assumes the role inside whatever call comes first
    said = error.response.get("Error", {})
    code, status = said.get("Code", ""), error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    fix = hint or _HINTS.get(code, "")
    message = f"{action}: {code}: {one_line(said.get('Message', ''))}{'; ' if fix else ''}{fix}"
    if code in _DENIED:
        return AccessDenied(action, message)
    if code in _FULL:
        return QuotaReached(message)
    if code in _THROTTLED or status == 429:
        return Throttled(message)
    return SourceError(message, retryable=code in _TRANSIENT or status in _TRANSIENT_STATUS)
