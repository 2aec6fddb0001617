"""A page's HTML held to a few rules that a browser would silently mend."""

from __future__ import annotations

from html.parser import HTMLParser

VOID = {"meta", "link", "input", "wbr", "br", "img", "hr"}


class Checker(HTMLParser):
    """Every opened tag is closed in order, ids are given once, headers of tables are scoped."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.ids: list[str] = []
        self.wrong: list[str] = []
        self.loads: list[str] = []
        self.targets: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.ids += [given["id"] or ""] if "id" in given else []
        self.wrong += [f"inline {name}" for name in given if name == "style" or name.startswith("on")]
        self.wrong += [f"th without scope at {self.getpos()}"] if tag == "th" and "scope" not in given else []
        self.loads += [given[a] or "" for a in ("src", "srcset", "action") if a in given]
        self.loads += [given["href"] or ""] if tag == "link" else []
        self.targets += [given["href"] or ""] if tag == "a" else []
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"</{tag}> at {self.getpos()}")


def checked(text: str) -> Checker:
    checker = Checker()
    checker.feed(text)
    checker.close()
    return checker
