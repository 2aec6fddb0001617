"""The stand-in's page: who would have been woken, by what, and when it was over."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.simulator.incident import Incident

STYLE = """
:root { color-scheme: light dark; --line: #8886; --bad: #b3261e; --good: #1b6e3c }
@media (prefers-color-scheme: dark) { :root { --bad: #ff8a80; --good: #7fd6a0 } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem }
h1 { font-size: 1.3rem }
ul { list-style: none; padding: 0 }
li { border: 1px solid var(--line); border-left: .4rem solid var(--good); border-radius: .3rem }
li { padding: .6rem .8rem; margin: .8rem 0 }
li.triggered { border-left-color: var(--bad) }
li h2 { font-size: 1rem; margin: 0; overflow-wrap: anywhere }
.triggered strong { color: var(--bad) } .resolved strong { color: var(--good) }
p { margin: .3rem 0; overflow-wrap: anywhere }
.small { font-size: .85rem; opacity: .85 }
"""


def page(incidents: Sequence[Incident], *, discarded: int, forged: int, repeated: int) -> str:
    """A whole HTML document without any outside part; it loads itself again every 5 seconds."""
    items = "".join(_item(i) for i in reversed(incidents)) or "<li>No incident yet. Nobody has been woken.</li>"
    left_out = f"{discarded} discarded as no alarm of CloudWatch, {forged} refused as forged, {repeated} repeated."
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="5">
<title>PagerDuty stand-in</title>
<style>{STYLE}</style>
</head>
<body>
<main>
<h1>PagerDuty stand-in</h1>
<p>Stands in for PagerDuty's CloudWatch integration in this demo: it verifies each SNS message, folds them by AlarmName
and shows the incidents that would be open. <a href="/">Back to Sloop</a></p>
<ul>{items}</ul>
<p class="small">Other messages: {left_out}</p>
</main>
</body>
</html>
"""


def _item(incident: Incident) -> str:
    until = f" to {_moment(incident.resolved_at)}" if incident.resolved_at else ""
    link = f'<p><a href="{escape(incident.link)}">Open the breach in Sloop</a></p>' if incident.link else ""
    folded = f"{incident.messages} message{'s' if incident.messages != 1 else ''}"
    return f"""<li class="{incident.status}">
<h2>{escape(incident.title)}</h2>
<p><strong>{incident.status}</strong>, {escape(incident.severity)}, {_moment(incident.opened_at)}{until}, {folded}</p>
<p>{escape(incident.description)}</p>
{link}
<p class="small">{escape(incident.dedup_key)}</p>
</li>
"""


def _moment(text: str) -> str:
    return f'<time datetime="{escape(text)}">{escape(text.replace("T", " ").replace("Z", " UTC"))}</time>'
