"""Cut from an HTML tree what its author did not write now: quoted mails and signature blocks.

Every mail client wraps the mail it answers in its own way; the table below is what they do today.
Plain blockquotes stay in the tree: they become `> ` lines, and `gateway.mail.quote` sees with their
attribution line whether they are quotes.
"""

from collections.abc import Callable
from typing import Final

from gateway.mail.html import Element

_QUOTE_CLASSES: Final = frozenset(
    # Gmail, Yahoo, Proton, Tuta, Zoho, Thunderbird (forward), Front, Missive, Superhuman, Freshdesk,
    # Aliyun, Mail.ru, Fastmail, Apple's helper, Spark, Mailbird, Exchange's old header.
    "gmail_quote gmail_quote_container yahoo_quoted protonmail_quote tutanota_quote zmail_extra"
    " moz-forward-container front-blockquote missive_quote sh-quoted-content freshdesk_quote"
    " __aliyun_previous_quote mailru-blockquote cc_quote spark_quote mb_quote"
    " OutlookMessageHeader yahoo-quoted-begin".lower().split()
)
_QUOTE_IDS: Final = frozenset(
    # Outlook for Mac and mobile, NetEase, Roundcube.
    ["olk_src_body_section", "mail-editor-reference-message-container", "isreplycontent", "isforwardcontent", "reply-intro", "replyblockquote", "divtagdefaultwrapper_quote"]
)
_CUT_FROM_IDS: Final = frozenset(
    # Outlook on the web and desktop, Zimbra: everything behind the mark is the old mail.
    ["divrplyfwdmsg", "appendonsend", "zwchr", "stopspelling", "ms-outlook-mobile-body-separator-line"]
)
_QUOTE_NAMES: Final = frozenset({"quote", "messagereplysection", "quoted-content"})
"""GMX and web.de, Spark: they name the element."""
_CUT_FROM_MARKERS: Final = frozenset({"__divider__", "__headers__", "__quoted_text__"})
_SIGNATURE_CLASSES: Final = frozenset(
    ["gmail_signature", "gmail_signature_prefix", "moz-signature", "protonmail_signature_block-user", "tutanota_signature", "yahoo-signature"]
)
_SIGNATURE_IDS: Final = frozenset(
    {"signature", "ms-outlook-mobile-signature", "composer_signature"}
)
_SIGNATURE_MARKERS: Final = frozenset({"__sig_pre__", "__sig_post__"})


def cut_quotes(tree: Element) -> bool:
    """Remove quoted mails and signatures of known clients from `tree`; whether any was there."""
    cut = False
    for element in list(tree.iter()):
        if not isinstance(element.tag, str) or element.getparent() is None:
            continue
        action = _action(element)
        if action is not None:
            # Harmless where an element around it has been cut already.
            action(element)
            cut = True
    return cut


def _action(element: Element) -> Callable[[Element], None] | None:
    """What is to be done with an element: nothing, in most cases."""
    classes = element.get("class", "")
    # Outlook puts `x_` before the names in what it quotes, once for every time it does.
    identity = _bare(element.get("id", "").lower())
    marker = element.get("data-marker", "").lower()
    if identity in _CUT_FROM_IDS or marker in _CUT_FROM_MARKERS:
        return _cut_from
    if identity in _QUOTE_IDS or element.get("name", "").lower() in _QUOTE_NAMES:
        return _cut_container
    if identity in _SIGNATURE_IDS or marker in _SIGNATURE_MARKERS:
        return _drop
    if element.get("data-signatureblock", ""):
        return _drop
    if not classes:
        return None
    names = [_bare(name) for name in classes.lower().split()]
    if "moz-cite-prefix" in names:
        return _cut_cited
    if element.tag == "blockquote":
        return _unwrap if _is_formatting(element, names) else None
    if any(name in _QUOTE_CLASSES for name in names):
        return _cut_container
    if any(name in _SIGNATURE_CLASSES for name in names):
        return _drop
    return None


def _bare(name: str) -> str:
    while name.startswith("x_"):
        name = name[2:]
    return name


def _is_formatting(element: Element, names: list[str]) -> bool:
    """Gmail's quote button writes the blockquote of a reply, but outside of a reply's container."""
    return (
        "gmail_quote" in names
        and not element.get("type", "")
        and any("gmail_default" in child.get("class", "") for child in element)
    )


def _drop(element: Element) -> None:
    """Empty an element; the text behind it stays. Nothing moves, so many of them cost little."""
    element.clear(keep_tail=True)


def _cut_cited(element: Element) -> None:
    """Thunderbird's attribution, in whatever language, and the blockquote it introduces."""
    following = element.getnext()
    _drop(element)
    if following is not None and following.tag == "blockquote":
        _drop(following)


def _unwrap(element: Element) -> None:
    """A blockquote that is only formatting: its words are the author's own."""
    element.tag = "div"


def _cut_container(element: Element) -> None:
    """Remove a quote's container; what stands behind the blockquote in it is an answer, and stays."""
    quotes = [child for child in element if child.tag == "blockquote"]
    if not quotes or (not (quotes[-1].tail or "").strip() and quotes[-1].getnext() is None):
        _drop(element)
        return
    element.text = None
    answered = False
    for child in list(element):
        if child.tag == "blockquote":
            answered = True
            _drop(child)
        elif not answered:
            element.remove(child)


def _cut_from(element: Element) -> None:
    """Remove an element and everything behind it in the document."""
    node: Element | None = element
    parent = element.getparent()
    while node is not None and parent is not None:
        following = node.getnext()
        while following is not None:
            after = following.getnext()
            parent.remove(following)
            following = after
        node.tail = None
        node, parent = parent, parent.getparent()
    parent = element.getparent()
    if parent is not None:
        parent.remove(element)
