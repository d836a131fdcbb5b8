"""A page as a person or a browser takes it in: its text, its elements, and what its form would post."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

#: Elements without an end tag. https://html.spec.whatwg.org/multipage/syntax.html#void-elements
VOID = frozenset({"br", "hr", "img", "input", "link", "meta"})
#: Elements that stand in a line with what is before them; any other one is set apart.
INLINE = frozenset({"a", "b", "em", "i", "span", "strong", "time"})


@dataclass
class Element:
    """An element: its tag, its attributes and the text in it, blanks folded."""

    tag: str
    attrs: dict[str, str]
    pieces: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The text, with every run of blanks as one."""
        return " ".join("".join(self.pieces).split())


class Page(HTMLParser):
    """A page or a fragment of one."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html = html
        self.elements: list[Element] = []
        self._whole = Element("", {})
        self._open = [self._whole]
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        if tag not in INLINE:
            self.handle_data(" ")
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element that ends where it begins, as in a drawing."""
        self.elements.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        """Leave an element."""
        if tag in [element.tag for element in self._open]:
            while self._open.pop().tag != tag:
                continue

    def handle_data(self, data: str) -> None:
        """Add a text to all elements that it is in; what a script reads is not the page's text."""
        if self._open[-1].tag == "script":
            return
        for element in self._open:
            element.pieces.append(data)

    @property
    def text(self) -> str:
        """All text of the page."""
        return self._whole.text

    @property
    def title(self) -> str:
        """The words in the window's title."""
        return self.find("title")[0].text

    def find(self, tag: str = "", **attrs: str) -> list[Element]:
        """Return the elements with a tag and these attributes; ``_`` in a name stands for a hyphen."""
        wanted = {name.strip("_").replace("_", "-"): value for name, value in attrs.items()}
        return [
            element
            for element in self.elements
            if (not tag or element.tag == tag)
            and all(element.attrs.get(name) == value for name, value in wanted.items())
        ]

    def classed(self, name: str) -> list[Element]:
        """Return the elements of a class."""
        return [element for element in self.elements if name in element.attrs.get("class", "").split()]

    @property
    def ids(self) -> list[str]:
        """The ids on the page, in order."""
        return [element.attrs["id"] for element in self.elements if "id" in element.attrs]

    @property
    def links(self) -> list[str]:
        """Where the page's links lead."""
        return [element.attrs["href"] for element in self.elements if element.tag == "a" and "href" in element.attrs]

    def form(self) -> dict[str, str]:
        """Return what a browser would post if it sent the page's form, without a button."""
        posted: dict[str, str] = {}
        chosen = ""
        for element in self.elements:
            name = element.attrs.get("name", "")
            if element.tag == "input" and name:
                ticked = element.attrs.get("type") not in {"radio", "checkbox"} or "checked" in element.attrs
                posted |= {name: element.attrs.get("value", "")} if ticked else {}
            if element.tag == "textarea":
                # The first line break after the tag does not count.
                posted[name] = "".join(element.pieces).removeprefix("\n")
            if element.tag == "select":
                chosen = name
            if element.tag == "option" and chosen and ("selected" in element.attrs or chosen not in posted):
                posted[chosen] = element.attrs.get("value", element.text)
        return posted


def read(answer: Any) -> Page:
    """Return the page in a response of Django's test client."""
    return Page(answer.content.decode())
