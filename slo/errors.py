"""Every error Sloop raises on purpose. Each message is one line: what is wrong, where, and how to fix it.

SloopError
├── UsageError          the command line was used wrongly (exit 64)
├── SettingsError       a setting is wrong or unsafe: the program does not start
├── UnreadableFile      a file that was named cannot be read
├── ReportError         a report cannot be made, written or vouched for
├── SpecError           estate or OpenSLO files have errors; carries every problem found
├── SlicesError         a slices file has a bad line; carries file and line
├── IncidentsError      a file of incidents has a bad line; carries file and line
├── SourceError         a source did not answer usefully; `retryable` says whether trying again can help
│   ├── AccessDenied    the missing IAM action is named
│   ├── QuotaReached    the account takes no more of this kind; what is there stays
│   ├── QueryRefused    this one query was refused or answered too much; says nothing about others; never retryable
│   └── Throttled       too many requests; always retryable
├── StoreError          the database refused
│   ├── Fenced          another process moved the shard first: roll back, reload, go on
│   └── SchemaMismatch  the database's schema is older or newer than this program's
├── ProvisionError      a plan cannot be made, or may not be applied as it stands
│   └── WrongAccount    the credentials are of another account than the estate declares (exit 3)
├── ForgedMessage       what came to a hook is not from SNS, not from a topic that is listened to, or not fresh
└── DeliveryError       a page could not be published; `retryable` says whether trying again can help
    └── MessageRefused  this message as it is: without its text it may go out; never retryable

Anything else that escapes is a bug.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


def one_line(text: object) -> str:
    """What somebody else's error says, without its line breaks."""
    return " ".join(str(text).split())


class SloopError(Exception):
    """Expected: shown as one line, never as a traceback."""


class UsageError(SloopError):
    pass


class Conflict(SloopError):
    """What was asked for no longer fits what is: somebody was there before."""


class SettingsError(SloopError):
    pass


class UnreadableFile(SloopError):
    pass


class ReportError(SloopError):
    pass


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding in a file; `path` is like `spec.objectives[0].target`, `line` counts from 1."""

    file: str
    line: int
    path: str
    severity: Literal["error", "warning"]
    code: str
    message: str

    @property
    def where(self) -> str:
        return f"{self.file}:{self.line}"

    @property
    def what(self) -> str:
        return f"{self.path + ': ' if self.path else ''}{self.message} [{self.code}]"

    def __str__(self) -> str:
        return f"{self.where}: {self.severity}: {self.what}"


class SpecError(SloopError):
    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        errors = [p for p in problems if p.severity == "error"]
        more = f" (and {len(errors) - 1} more; `sloop check` lists all)" if len(errors) > 1 else ""
        super().__init__(f"{errors[0]}{more}")


class SlicesError(SloopError):
    def __init__(self, file: str, line: int, message: str) -> None:
        self.file, self.line = file, line
        super().__init__(f"{file}:{line}: {message}")


class IncidentsError(SloopError):
    def __init__(self, file: str, line: int, message: str) -> None:
        self.file, self.line = file, line
        super().__init__(f"{file}:{line}: {message}")


class SourceError(SloopError):
    def __init__(self, message: str, *, retryable: bool) -> None:
        self.retryable = retryable
        super().__init__(message)


class AccessDenied(SourceError):
    def __init__(self, action: str, message: str) -> None:
        self.action = action
        super().__init__(f"{message}; allow the IAM action {action}", retryable=False)


class QueryRefused(SourceError):
    def __init__(self, message: str) -> None:
        super().__init__(message, retryable=False)


class QuotaReached(SourceError):
    def __init__(self, message: str) -> None:
        super().__init__(f"{message}; ask AWS for a higher quota (Service Quotas)", retryable=False)


class Throttled(SourceError):
    def __init__(self, message: str) -> None:
        super().__init__(message, retryable=True)


class StoreError(SloopError):
    pass


class Fenced(StoreError):
    pass


class Damaged(StoreError):
    """`shard` (its number) and `minute` say which row, where that is known."""

    def __init__(self, kind: str, shard: int | None = None, minute: int | None = None) -> None:
        self.kind, self.shard, self.minute = kind, shard, minute
        where = "" if shard is None else f" (shard {shard}, minute {minute})"
        super().__init__(f"a stored {kind}{where} is damaged: restore the database from a backup")


class SchemaMismatch(StoreError):
    pass


class ProvisionError(SloopError):
    pass


class WrongAccount(ProvisionError):
    """`name` is the account's in the estate, `declared` and `found` are what AWS calls it and whose the credentials are."""

    def __init__(self, name: str, declared: str, found: str) -> None:
        self.name, self.declared, self.found = name, declared, found
        super().__init__(
            f"account {name} is declared as {declared}, and these credentials are of {found}; nothing was read or written: "
            "use the credentials or the role of that account, or correct its id in the estate"
        )


class ForgedMessage(SloopError):
    """The text names no value of the message: it may be anybody's."""


class DeliveryError(SloopError):
    def __init__(self, message: str, *, retryable: bool) -> None:
        self.retryable = retryable
        super().__init__(message)


class MessageRefused(DeliveryError):
    def __init__(self, message: str) -> None:
        super().__init__(message, retryable=False)
