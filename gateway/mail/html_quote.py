"""Cut from an HTML tree what its author did not write now: quoted mails and signature blocks.

Every mail client wraps the mail it answers in its own way; the tables below are what they do today.
Plain blockquotes stay in the tree: they become `> ` lines, and `gateway.mail.quote` sees with their
attribution line whether they are quotes.
"""

from collections.abc import Callable
from typing import Final

from gateway.mail.html import Element
from gateway.mail.phrase import words


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
    if element.tag == "blockquote":
        return _unwrap if classes and _is_formatting(element) else None
    for attribute in ("id", "data-marker", "name", "data-signatureblock"):
        value = element.get(attribute, "")
        if value:
            action = _ACTIONS.get((attribute, _bare(value)))
            if action is not None:
                return action
    for name in classes.split():
        action = _ACTIONS.get(("class", _bare(name)))
        if action is not None:
            return action
    return None


def _bare(name: str) -> str:
    """A name without the `x_` that Outlook sets before it, once for every time it quotes."""
    name = name.lower()
    while name.startswith("x_"):
        name = name[2:]
    return name


def _is_formatting(element: Element) -> bool:
    """Gmail's quote button writes the blockquote of a reply, but outside of a reply's container."""
    return (
        "gmail_quote" in element.get("class", "")
        and not element.get("type", "")
        and any("gmail_default" in child.get("class", "") for child in element)
    )


def _drop(element: Element) -> None:
    """Empty an element; the text behind it stays. Nothing moves, so many of them cost little."""
    element.clear(keep_tail=True)


def _unwrap(element: Element) -> None:
    """A blockquote that is only formatting: its words are the author's own."""
    element.tag = "div"


def _cut_cited(element: Element) -> None:
    """Thunderbird's attribution, in whatever language, and the blockquote it introduces."""
    following = element.getnext()
    _drop(element)
    if following is not None and following.tag == "blockquote":
        _drop(following)


def _cut_container(element: Element) -> None:
    """Empty a quote's container; what stands behind the blockquote in it is an answer: it stays."""
    quotes = [child for child in element if child.tag == "blockquote"]
    if not quotes or (quotes[-1].getnext() is None and not (quotes[-1].tail or "").strip()):
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
    node = element
    parent = element.getparent()
    while parent is not None:
        following = node.getnext()
        while following is not None:
            after = following.getnext()
            parent.remove(following)
            following = after
        node.tail = None
        node, parent = parent, parent.getparent()
    _drop(element)


_TABLE: Final[tuple[tuple[str, str, Callable[[Element], None]], ...]] = (
    (
        # From Gmail over Yahoo, Proton, Tuta, Zoho, Thunderbird's forwards, Front, Missive and
        # Superhuman to Freshdesk, Aliyun, Mail.ru, Spark and the old Exchange.
        "class",
        """
        gmail_quote gmail_quote_container yahoo_quoted yahoo-quoted-begin protonmail_quote
        tutanota_quote zmail_extra moz-forward-container front-blockquote missive_quote
        sh-quoted-content freshdesk_quote __aliyun_previous_quote mailru-blockquote spark_quote
        outlookmessageheader
        """,
        _cut_container,
    ),
    # Outlook for Mac and mobile, NetEase, Roundcube, iCloud.
    (
        "id",
        """
        olk_src_body_section mail-editor-reference-message-container isreplycontent
        isforwardcontent reply-intro replyblockquote
        """,
        _cut_container,
    ),
    # GMX and web.de, Spark.
    ("name", "quote messagereplysection quoted-content", _cut_container),
    # Outlook on the web and on phones, Zimbra: everything behind the mark is the old mail.
    (
        "id",
        "divrplyfwdmsg appendonsend zwchr stopspelling ms-outlook-mobile-body-separator-line",
        _cut_from,
    ),
    ("data-marker", "__divider__ __headers__ __quoted_text__", _cut_from),
    ("class", "moz-cite-prefix", _cut_cited),
    (
        "class",
        """
        gmail_signature gmail_signature_prefix moz-signature protonmail_signature_block-user
        tutanota_signature yahoo-signature
        """,
        _drop,
    ),
    ("id", "signature ms-outlook-mobile-signature composer_signature", _drop),
    ("data-marker", "__sig_pre__ __sig_post__", _drop),
    ("data-signatureblock", "true", _drop),
)
_ACTIONS: Final = {
    (attribute, name): action for attribute, names, action in _TABLE for name in words(names)
}
