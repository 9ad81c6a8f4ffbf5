"""A page with every letter in every language, text and HTML side by side, in one file."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

from gateway.letters.proof import Proof
from gateway.letters.tongue import own_name

_STYLE: Final = """
:root { color-scheme: light dark; }
body { margin: 0 auto; max-width: 1500px; padding: 16px; font: 15px/1.5 system-ui, sans-serif; }
h1, h3, p { overflow-wrap: anywhere; }
nav { columns: 16em; margin-bottom: 24px; }
nav.languages { columns: auto; }
h3 { margin: 32px 0 4px; }
p { margin: 0 0 8px; }
.pair { display: grid; gap: 16px;
  grid-template-columns: repeat(auto-fit, minmax(min(320px, 100%), 1fr)); }
iframe { width: 100%; height: 420px; border: 1px solid #8886; }
pre { margin: 0; padding: 12px; border: 1px solid #8886; overflow: auto; font-size: 13px; }
.broken { color: light-dark(#b3261e, #f2b8b5); font-weight: bold; }
"""
_GROW: Final = "this.style.height=this.contentDocument.documentElement.scrollHeight+4+'px'"


def gallery(title: str, proofs: Sequence[Proof]) -> str:
    """The page; it needs no other file and no network."""
    languages = list(dict.fromkeys(one.language for one in proofs))
    parts = [
        "<!DOCTYPE html>",
        f'<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<style>{_STYLE}</style></head><body><h1>{escape(title)}</h1>",
        _jumps(languages),
    ]
    for language in languages:
        own = [one for one in proofs if one.language == language]
        tag = escape(language)
        parts.append(f'<h2 id="{tag}" lang="{tag}">{escape(own_name(language))}</h2>')
        parts += _contents(own)
        parts += map(_pair, own)
    parts.append("</body></html>\n")
    return "\n".join(parts)


def _jumps(languages: Iterable[str]) -> str:
    """A line of links, each to the letters of one language."""
    links = (
        f'<a href="#{escape(one)}" lang="{escape(one)}">{escape(own_name(one))}</a>'
        for one in languages
    )
    return f'<nav class="languages">{" · ".join(links)}</nav>'


def _anchor(proof: Proof) -> str:
    return escape(f"{proof.language}-{proof.sample.name}")


def _contents(proofs: Iterable[Proof]) -> list[str]:
    links = (f'<a href="#{_anchor(one)}">{escape(one.sample.name)}</a><br>' for one in proofs)
    return ["<nav>", *links, "</nav>"]


def _pair(proof: Proof) -> str:
    broken = f'<p class="broken">{escape(proof.broken)}</p>' if proof.broken else ""
    return (
        f'<section><h3 id="{_anchor(proof)}">{escape(proof.sample.name)}</h3>'
        f"<p>{escape(proof.subject)}</p>{broken}"
        f'<div class="pair"><iframe sandbox="allow-same-origin" loading="lazy" '
        f'title="{_anchor(proof)}" onload="{_GROW}" srcdoc="{escape(proof.html)}"></iframe>'
        f"<pre>{escape(proof.text)}</pre></div></section>"
    )
