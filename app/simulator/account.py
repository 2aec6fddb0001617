"""What one simulated account has beside its metrics and alarms: queues, a tag index, an event history, and a name."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from app.simulator import cloudtrail, sqs, tagging
from app.simulator.cloudtrail import CloudTrail
from app.simulator.sqs import Sqs
from app.simulator.tagging import TagIndex
from app.simulator.xml_tree import element

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from app.simulator.clock import Clock
    from app.simulator.cloudwatch import CloudWatch
    from app.simulator.listing import QueryHandler
    from app.simulator.server import RegionalHandler, TargetHandler
    from app.simulator.sns import Sns

STS_VERSION = "2011-06-15"


@dataclass(slots=True, eq=False)
class Surroundings:
    """Of the account `id`. `tagged` are rows of the tag index that the inventory knows, `queues` answers for its queues."""

    cloudwatch: CloudWatch
    sns: Sns
    clock: Clock
    id: str = "111122223333"
    tagged: Callable[[], Sequence[Mapping[str, Any]]] = tuple
    queues: TargetHandler | None = None
    sqs: Sqs = field(init=False)
    index: TagIndex = field(init=False)
    trail: CloudTrail = field(init=False)

    def __post_init__(self) -> None:
        self.sqs = Sqs(self.id, self.queues)
        self.index = TagIndex((self.cloudwatch.tagged, self.sns.tagged, self.sqs.tagged), self.tagged)
        self.trail = CloudTrail(self.clock.now, self.id)
        self.sns.topics.leave = self.sqs.leave

    def regional(self) -> Mapping[str, RegionalHandler]:
        """For `server.create_app`."""
        return {
            sqs.TARGET: self.sqs.answer,
            tagging.TARGET: self.index.answer,
            cloudtrail.TARGET: self.trail.answer,
        }

    def before(self, others: QueryHandler) -> QueryHandler:
        """A handler that says whose account this is, and leaves the rest to `others`."""

        async def handle(form: Mapping[str, str]) -> Response:
            if form.get("Action") != "GetCallerIdentity":
                return await others(form)
            arn = f"arn:aws:iam::{self.id}:user/sloop"
            result = element("GetCallerIdentityResult", {"Account": self.id, "Arn": arn, "UserId": "AIDASLOOP"})
            rest = element("ResponseMetadata", {"RequestId": str(uuid.uuid4())})
            text = f'<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/{STS_VERSION}/">{result}{rest}'
            return Response(f"{text}</GetCallerIdentityResponse>", media_type="text/xml")

        return handle
