"""The twin of an SNS topic: keeps what was published, and fails when it is told to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from slo.errors import DeliveryError, MessageRefused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alerts.envelope import Message

MAX_BYTES = 256 * 1024


@dataclass(slots=True, eq=False)
class MemoryPublisher:
    """`failures` are raised one per try before anything is taken again; `exists` False is a deleted topic."""

    messages: list[Message] = field(default_factory=list)
    failures: list[DeliveryError] = field(default_factory=list)
    exists: bool = True

    def publish_all(self, messages: Sequence[Message]) -> list[str | DeliveryError]:
        return [self._answer(message) for message in messages]

    def _answer(self, message: Message) -> str | DeliveryError:
        try:
            return self.publish(message)
        except DeliveryError as error:
            return error

    def publish(self, message: Message) -> str:
        if self.failures:
            raise self.failures.pop(0)
        if not self.exists:
            raise DeliveryError("memory: NotFound: the topic does not exist; create it again", retryable=False)
        if not message.body or len(message.body.encode()) > MAX_BYTES:
            raise MessageRefused("memory: InvalidParameter: the message is empty or above 256 KiB")
        if not message.subject.isascii() or not message.subject.isprintable() or not 0 < len(message.subject) < 100:
            raise MessageRefused("memory: InvalidParameter: Subject; one line of ASCII below 100 characters")
        self.messages.append(message)
        return f"memory-{len(self.messages)}"
