"""The command line. Data goes to stdout, everything else to stderr; every expected error is one line with its fix."""

from __future__ import annotations

import os
import signal
import sys
from typing import NoReturn

import typer
from typer.exceptions import TyperException

from app.cli import (
    adopt,
    apply,
    backtest,
    check,
    cost,
    dashboards,
    db,
    demo,
    drill,
    evaluate,
    iam_policy,
    init,
    interchange,
    plan,
    report,
    schema,
    serve,
    slices,
    status,
    test_fire,
)
from slo.errors import SloopError, UsageError, WrongAccount

OK, FAILED, BLOCKED, USAGE, INTERRUPTED = 0, 1, 3, 64, 130

app = typer.Typer(
    name="sloop",
    help="SLOs, error budgets and pages for teams on AWS: one number everyone can defend. Example: sloop demo --speed 20",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (check.check, evaluate.evaluate, backtest.backtest, slices.slices, serve.serve, demo.demo):
    app.command()(command)
app.command()(dashboards.dashboards)
app.command()(cost.cost)
for command in (init.init, schema.schema):
    app.command()(command)
app.command("import")(interchange.import_)
app.command("export")(interchange.export)
for command in (plan.plan, apply.apply):
    app.command()(command)
app.command()(plan.drift)
app.command()(apply.destroy)
app.command()(adopt.adopt)
app.command()(adopt.prune)
app.command("test-fire")(test_fire.fire)
app.command("iam-policy")(iam_policy.iam_policy)
app.command()(status.status)
app.add_typer(drill.app, name="drill", help="Recovery drills: start, finish, list. Example: sloop drill list")
app.add_typer(report.app, name="report")
app.add_typer(db.app, name="db", help="The database's schema: up to date, or not. Example: sloop db check")


def main() -> NoReturn:
    """Exit codes: 0 done, 1 error, 3 credentials of another account, 64 wrong usage; 130 when interrupted."""
    # Like Ctrl-C: whatever was started is cleaned up. uvicorn raises the signal anew once it has shut down.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    try:
        # Not app(...): that ends the program with 1 when a reader has gone.
        command = typer.main.get_command(app)
        with command.make_context("sloop", list(arguments)) as context:
            return int(command.invoke(context) or OK)
    except typer.Exit as end:
        return end.exit_code
    except WrongAccount as error:
        return _say(error, BLOCKED)
    except (SloopError, TyperException) as error:
        wrong_usage = isinstance(error, UsageError | TyperException)
        return _say(error, USAGE if wrong_usage else FAILED)
    except (typer.Abort, KeyboardInterrupt):
        return _say("interrupted", INTERRUPTED)
    except BrokenPipeError:
        # The reader has gone: what it did not want is no error, but Python would complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK


def _say(error: object, code: int) -> int:
    text = error.format_message() if isinstance(error, TyperException) else str(error)
    # Typer puts the choices of a missing option on lines of their own.
    text = text.replace(":\n\t", ": ").replace(",\n\t", ", ")
    print(f"sloop: {text}", file=sys.stderr)
    return code
