"""``earmark doctor``: does everything work here, and if not, what to do about it."""

from __future__ import annotations

from earmark.cli import options
from earmark.cli.console import Console
from earmark.errors import EarmarkError

HELP = """Check this installation: versions, decoders, devices, models, soundfont, write permission.

Ends with exit code 1 if something is broken that earmark cannot do without.

Examples:

- `earmark doctor`
- `earmark doctor --json`
"""


def doctor(json: options.Json = False) -> None:
    """Check this installation: versions, decoders, devices, models, soundfont, write permission."""
    from earmark.cli.checks import every_check

    console = Console(json=json)
    checks = every_check()
    width = max(len(check.name) for check in checks)
    for check in checks:
        console.data(f"{check.status:<8} {check.name:<{width}}  {check.detail}")
        if check.remedy:
            console.data(f"{'':<8} {'':<{width}}  → {check.remedy}")
    console.document([check.document() for check in checks])
    broken = [check.name for check in checks if check.status == "broken"]
    if broken:
        raise EarmarkError(f"broken: {', '.join(broken)}", remedy="What to do about each is said beside it on stdout")
