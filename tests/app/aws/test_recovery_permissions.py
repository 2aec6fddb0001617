"""The page that names the permissions names every one that the code uses."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_every_action_that_is_used_is_explained_and_none_besides() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "app/aws").glob("recovery*.py"))
    used = set(re.findall(r'"((?:rds|elasticache|s3|ecs|backup|fis):[A-Za-z]+)"', code))
    page = (ROOT / "docs/recovery.md").read_text(encoding="utf-8")
    assert used == set(re.findall(r"`((?:rds|elasticache|s3|ecs|backup|fis):[A-Za-z]+)`", page))
    assert len(used) == 20
