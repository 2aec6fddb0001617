from __future__ import annotations


def serve() -> int:
    """Collect, judge, tell and show, until interrupted. Everything is set by SLOOP_* variables (docs/operations.md).

    Example: SLOOP_ESTATE=estate.yaml SLOOP_TOPIC_ARN=arn:... sloop serve
    """
    from contextlib import suppress

    from app.bootstrap import serve as run
    from app.settings import read_settings

    with suppress(KeyboardInterrupt):
        run(read_settings())
    return 0
