"""The words on the screen: one for one thing, in templates and in messages."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

#: A pattern that no text for people contains → what to write instead.
INSTEAD = {
    r"\banswer(?:s|ed|ing)?\b": "response, respond",
    r"\basked for\b": "requested",
    r"\bmoment\b": "time",
    r"\bmend(?:s|ed)?\b": "fix",
    r"\bdeeds?\b": "action",
    r"\bonce more\b|\bgo on\b": "again, try again, continue",
    r"\bblanks?\b": "spaces",
    r"\b(?:un|not )settled\b|\bundecided\b": "unresolved",
    r"\bunusual\b|\bcaution\b": "warning",
    r"\b(?:it|this|that) is right\b": "confirm",
    r"\bnew from this\b": "duplicate",
    r"\byou may not\b|\bmay do\b": "permission",
    r"\bwhatever comes of\b|\bcame of\b": "outcome",
    r"\bwhoever\b": "who it is",
    r"\blook(?:s|ing|ed)? (?:again|in|at|up)\b": "check",
    r"\bat present\b|\bmeanwhile\b": "now, already",
    r"(?<=[a-z])'(?=[a-z])": "a curly apostrophe",
}


def template_texts() -> Iterator[tuple[str, str]]:
    """Yield each template with its text for people: without tags and comments."""
    for path in sorted((ROOT / "templates").rglob("*.html")):
        text = re.sub(r"\{#.*?#\}", " ", path.read_text(), flags=re.DOTALL)
        attributes = re.findall(r'(?:title|text|aria-label|placeholder)="([^"{]*)"', text)
        visible = re.sub(r"<[^>]*>|\{%.*?%\}|\{\{.*?\}\}", " ", text, flags=re.DOTALL)
        yield path.name, " ".join([visible, *attributes])


def message_texts() -> Iterator[tuple[str, str]]:
    """Yield each module with its texts for people: strings of several words that are no docstrings.

    The sandbox's messages are left out: they repeat LaunchDarkly's own.
    """
    for path in sorted((ROOT / "destinations_ui").rglob("*.py")):
        if {"migrations", "sandbox"} & set(path.relative_to(ROOT).parts[1:-1]):
            continue
        tree = ast.parse(path.read_text())
        docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if not isinstance(node, ast.Constant) or id(node) in docstrings:
                continue
            if isinstance(node.value, str) and re.search(r"[a-z]+ [a-z]+", node.value):
                yield f"{path.name}:{node.lineno}", node.value


@pytest.mark.parametrize(("word", "instead"), INSTEAD.items())
def test_texts_for_people_use_one_word_for_one_thing(word: str, instead: str) -> None:
    texts = [*template_texts(), *message_texts()]
    found = [f"{where}: {match[0]}" for where, text in texts for match in re.finditer(word, text, re.IGNORECASE)]
    assert not found, f"write {instead}"
