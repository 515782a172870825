"""The messages: each name once, each template with fields that its callers fill."""

import re
from pathlib import Path

import leafgrad

ROOT = Path(leafgrad.__file__).parent
NAMES = re.compile(r"^([A-Z][A-Z0-9_]*) = ", re.MULTILINE)


def _files():
    base = ROOT / "base"
    return sorted([*base.glob("messages.py"), *base.glob("messages/*.py")])


def test_every_name_is_given_once():
    names = [n for path in _files() for n in NAMES.findall(path.read_text())]
    assert names and not {n for n in names if names.count(n) > 1}


def test_every_message_is_used():
    used = set()
    for path in ROOT.rglob("*.py"):
        used.update(re.findall(r"\b[A-Z][A-Z0-9_]+\b", path.read_text() if path not in _files() else ""))
    text = "\n".join(path.read_text() for path in _files())
    inside = set(re.findall(r"(?<!^)\b[A-Z][A-Z0-9_]+\b", text, re.MULTILINE))
    names = {n for path in _files() for n in NAMES.findall(path.read_text())}
    assert not names - used - inside
