"""How mail programs quote a letter in a reply: one function for each habit, letter to raw mail."""

from collections.abc import Callable, Mapping
from html import escape
from types import MappingProxyType

from letter_desk import Seen
from mail_builders import multipart, raw_mail

WHEN = "On Wed, 8 Jul 2026 at 14:03, Support desk <support@desk.example> wrote:"
HTML = "text/html; charset=utf-8"

Style = Callable[[Seen, str], bytes]


def marked(seen: Seen) -> str:
    """The letter's text with marks before its lines."""
    return "\n".join(f"> {line}".rstrip() for line in seen.text.rstrip().split("\n"))


def head_of(seen: Seen) -> str:
    """The lines by which Outlook names a mail."""
    subject = " ".join(str(seen.mail["Subject"]).split())
    return (
        "From: Support desk <support@desk.example>\nSent: Wednesday, July 8, 2026 2:03 PM\n"
        f"To: Ann Miller <ann@customer.example>\nSubject: {subject}"
    )


def without_reply_line(text: str) -> str:
    """The letter as it is where the line to reply above was lost as well."""
    return "\n".join(line for line in text.split("\n") if "##-" not in line).lstrip("\n")


def top(seen: Seen, own: str) -> bytes:
    return raw_mail(f"{own}\n\n{WHEN}\n\n{marked(seen)}\n")


def bottom(seen: Seen, own: str) -> bytes:
    return raw_mail(f"{WHEN}\n{marked(seen)}\n\n{own}\n")


def outlook(seen: Seen, own: str) -> bytes:
    return raw_mail(f"{own}\n\n-----Original Message-----\n{head_of(seen)}\n\n{seen.text}")


def outlook_line(seen: Seen, own: str) -> bytes:
    return raw_mail(f"{own}\n\n{'_' * 32}\n{head_of(seen)}\n\n{seen.text}")


def unmarked(seen: Seen, own: str) -> bytes:
    return raw_mail(f"{own}\n\n{seen.text}")


def lost(seen: Seen, own: str) -> bytes:
    return raw_mail(f"{own}\n\n{without_reply_line(seen.text)}")


def _own_html(own: str) -> str:
    return escape(own).replace("\n", "<br>\n")


def _inner(seen: Seen) -> str:
    """The page as programs embed it: without its head."""
    return seen.html.partition("</head>")[2].replace("</html>", "").replace("body", "div")


def gmail(seen: Seen, own: str) -> bytes:
    quote = f'<blockquote class="gmail_quote" style="margin:0">{_inner(seen)}</blockquote>'
    attribution = f'<div dir="ltr" class="gmail_attr">{escape(WHEN)}<br></div>'
    return raw_mail(
        f'<div dir="ltr">{_own_html(own)}</div><br>'
        f'<div class="gmail_quote">{attribution}{quote}</div>',
        Content_Type=HTML,
    )


def gmail_both(seen: Seen, own: str) -> bytes:
    html = gmail(seen, own).partition(b"\r\n\r\n")[2].decode().replace("\r\n", "\n")
    text = f"{own}\n\n{WHEN}\n\n{marked(seen)}\n"
    plain = "Content-Type: text/plain; charset=utf-8"
    body = multipart((plain, text), (f"Content-Type: {HTML}", html), kind="alternative")
    return raw_mail(body, Content_Type='multipart/alternative; boundary="b1"')


def outlook_html(seen: Seen, own: str) -> bytes:
    rule = '<div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm">'
    lines = "<br>".join(
        f"<b>{name}:</b> {escape(rest)}"
        for name, _, rest in (line.partition(": ") for line in head_of(seen).split("\n"))
    )
    return raw_mail(
        f'<html><body><div class="WordSection1"><p class="MsoNormal">{_own_html(own)}</p>'
        f'{rule}<p class="MsoNormal">{lines}</p></div>{_inner(seen)}</div></body></html>',
        Content_Type=HTML,
    )


def outlook_web(seen: Seen, own: str) -> bytes:
    head = escape(head_of(seen)).replace("\n", "<br>")
    return raw_mail(
        f'<html><body><div class="elementToProof">{_own_html(own)}</div><hr>'
        f'<div id="divRplyFwdMsg" dir="ltr">{head}</div><div>{_inner(seen)}</div></body></html>',
        Content_Type=HTML,
    )


def apple(seen: Seen, own: str) -> bytes:
    quote = f'<blockquote type="cite"><div>{escape(WHEN)}</div><br>{_inner(seen)}</blockquote>'
    return raw_mail(
        f"<html><body><div>{_own_html(own)}</div><div><br>{quote}</div></body></html>",
        Content_Type=HTML,
    )


def unmarked_html(seen: Seen, own: str) -> bytes:
    return raw_mail(f"<div>{_own_html(own)}</div>{_inner(seen)}", Content_Type=HTML)


def lost_html(seen: Seen, own: str) -> bytes:
    inner = _inner(seen)
    rest = inner[inner.index("<table") :]
    return raw_mail(f"<div>{_own_html(own)}</div>{rest}", Content_Type=HTML)


STYLES: Mapping[str, Style] = MappingProxyType(
    {
        "top": top,
        "bottom": bottom,
        "outlook": outlook,
        "outlook-line": outlook_line,
        "unmarked": unmarked,
        "lost": lost,
        "gmail": gmail,
        "gmail-both": gmail_both,
        "outlook-html": outlook_html,
        "outlook-web": outlook_web,
        "apple": apple,
        "unmarked-html": unmarked_html,
        "lost-html": lost_html,
    }
)
