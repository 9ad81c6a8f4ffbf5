"""HTML bodies: readable text, and quotes cut as each client wraps them."""

import time

import pytest
from mail_builders import raw_mail, read

from gateway.mail.html import read_html, text_of


def text(source: str) -> str:
    tree = read_html(source)
    return text_of(tree) if tree is not None else ""


def new_text(source: str) -> str:
    return read(raw_mail(source, Content_Type="text/html; charset=utf-8")).new_text


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param("<p>One</p><p>Two</p>", "One\n\nTwo", id="paragraphs"),
        pytest.param("one<br>two<br><br>three", "one\ntwo\n\nthree", id="breaks"),
        pytest.param("<div>a</div><div><br></div><div>b</div>", "a\n\nb", id="Gmail's blank line"),
        pytest.param("<ul><li>a<li>b<ol><li>c</ol></ul>", "- a\n- b\n  1. c", id="lists"),
        pytest.param("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>",
                     "a | b\nc", id="table"),
        pytest.param('<a href="https://x.example/y">here</a>', "here <https://x.example/y>",
                     id="link"),
        pytest.param('<a href="https://x.example/">x.example</a>', "x.example", id="link said"),
        pytest.param('<a href="javascript:x()">here</a>', "here", id="no script link"),
        pytest.param("<a>here</a>", "here", id="anchor without target"),
        pytest.param("<pre>a\n  b</pre>", "a\n  b", id="preformatted"),
        pytest.param("a<blockquote>b<blockquote>c</blockquote></blockquote>d",
                     "a\n\n> b\n>\n> > c\n\nd", id="quotes"),
        pytest.param("<style>x</style><script>y</script><!-- z -->a<title>t</title>", "a",
                     id="invisible"),
        pytest.param('<div style="display: none">preview</div>a', "a", id="hidden"),
        pytest.param("a&nbsp;b&amp;c &#8364;", "a b&c €", id="entities"),
        pytest.param("<!--[if mso]>x<![endif]-->a<![if !mso]>b<![endif]>", "ab", id="conditional"),
        pytest.param("a<b", "a", id="cut within a tag"),
        pytest.param("", "", id="nothing"),
        pytest.param("<!DOCTYPE html>", "", id="no element"),
        pytest.param("<p> </p>\n<p>a <b> b</b></p>", "a b", id="white space"),
    ],
)  # fmt: skip
def test_html_becomes_readable_text(source, expected):
    assert text(source) == expected


ATTRIBUTION = "On 7 Jul 2026, at 10:00, Desk &lt;d@x.example&gt; wrote:"
FOREIGN = "Dydd Mawrth ysgrifennodd Desk:"
OUTLOOK = "<b>From:</b> Desk &lt;d@x.example&gt;<br><b>Sent:</b> 7 July 2026<br><b>Subject:</b> x"


@pytest.mark.parametrize(
    "source",
    [
        pytest.param('Yes<div class="gmail_quote"><div class="gmail_attr">' + FOREIGN
                     + '</div><blockquote class="gmail_quote">old</blockquote></div>', id="Gmail"),
        pytest.param('<div class="x_x_gmail_quote">old</div>Yes', id="Gmail in Outlook"),
        pytest.param(f'Yes<blockquote type="cite"><div>{ATTRIBUTION}</div>old</blockquote>',
                     id="Apple Mail"),
        pytest.param('Yes<div id="appendonsend"></div><hr><div id="divRplyFwdMsg">' + OUTLOOK
                     + "</div><div>old</div>", id="Outlook on the web"),
        pytest.param('<div><p>Yes</p><div style="border:none;border-top:solid #E1E1E1 1.0pt"><p>'
                     + OUTLOOK + "</p></div><p>old</p></div>", id="Outlook"),
        pytest.param('Yes<div id="mail-editor-reference-message-container">old</div>',
                     id="Outlook mobile"),
        pytest.param('Yes<div class="moz-cite-prefix">' + FOREIGN
                     + '</div><blockquote type="cite">old</blockquote>', id="Thunderbird"),
        pytest.param('<div class="moz-cite-prefix">' + FOREIGN
                     + '</div><blockquote type="cite">old</blockquote>Yes', id="Thunderbird below"),
        pytest.param('Yes<div class="yahoo_quoted">old</div>', id="Yahoo"),
        pytest.param('Yes<div class="protonmail_quote">old</div>', id="Proton"),
        pytest.param('Yes<hr id="zwchr" data-marker="__DIVIDER__"><div>old</div>', id="Zimbra"),
        pytest.param('Yes<div name="quote"><div>old</div></div>', id="GMX"),
        pytest.param('Yes<div class="zmail_extra">old</div>', id="Zoho"),
        pytest.param(f"Yes<div>{ATTRIBUTION}</div><blockquote>old</blockquote>", id="plain"),
        pytest.param('Yes<div class="gmail_signature">Ann</div>', id="signature"),
        pytest.param('<div class="gmail_quote"><div class="gmail_attr">' + FOREIGN
                     + '</div><blockquote class="gmail_quote">old</blockquote><div>Yes</div></div>',
                     id="answer below in Gmail's container"),
    ],
)  # fmt: skip
def test_what_a_client_quotes_is_not_new(source):
    assert new_text(f"<html><body>{source}</body></html>") == "Yes"


def test_the_whole_text_keeps_the_quote():
    source = 'Yes<div class="gmail_quote">old</div>'

    mail = read(raw_mail(source, Content_Type="text/html"))

    assert mail.text.split() == ["Yes", "old"]


def test_a_forwarded_mail_without_a_word_is_what_is_sent():
    source = (
        '<div class="gmail_quote">---------- Forwarded message ---------<br>'
        "From: Bob &lt;b@x.example&gt;<br>Date: 7 Jul 2026<br>Subject: x<br><br>please help</div>"
    )

    assert new_text(source) == "please help"


@pytest.mark.parametrize("tag", ["div", "blockquote", "b", "span", "table"])
def test_fifty_thousand_levels_survive_in_time(tag):
    source = f"<{tag}>" * 50_000 + "hello" + f"</{tag}>" * 50_000 + "<p>after</p>"
    started = time.process_time()

    result = text(source)

    assert "hello" in result
    assert "after" in result
    assert time.process_time() - started < 2


def test_a_tree_too_deep_for_the_parser_is_flattened():
    assert text("<div>" * 2400 + "<br>hello<p>after") == "hello after"


def test_a_blockquote_made_for_its_looks_is_the_authors():
    source = '<blockquote class="gmail_quote"><div class="gmail_default">words</div></blockquote>'

    assert new_text("<html><body>My " + source + "</body></html>") == "My\nwords"
