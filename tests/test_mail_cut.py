"""What was cut of a mail's text, told to whoever asks."""

import pytest
from mail_builders import raw_mail, read

from gateway.mail.cut import Cut, what_was_cut


@pytest.mark.parametrize(
    ("text", "cuts"),
    [
        pytest.param("Yes.", (), id="nothing"),
        pytest.param(
            "Yes.\n\nOn 7 Jul 2026 at 10:00, Desk <d@x.example> wrote:\n> one\n> two\n",
            (Cut("quoted", 3, "On 7 Jul 2026 at 10:00, Desk <d@x.example> wrote:"),),
            id="a quote below",
        ),
        pytest.param(
            "> one\n\nYes.\n\n> two\n\nNo.\n\n-- \nAnn\nSales\n",
            (
                Cut("quoted", 1, "> two"),
                Cut("signature", 3, "--"),
            ),
            id="interleaved, with a signature",
        ),
        pytest.param(
            "Yes.\n\nAnn wrote:\n> one\n\n-- \nAnn\n",
            (Cut("quoted", 2, "Ann wrote:"), Cut("signature", 2, "--")),
            id="a signature below a quote",
        ),
    ],
)
def test_every_stretch_is_named(text: str, cuts: tuple[Cut, ...]) -> None:
    assert what_was_cut(read(raw_mail(text))) == cuts


def test_what_only_the_tree_of_an_html_part_knows_is_called_html() -> None:
    body = "<p>Yes.</p><div class=gmail_quote><div>Somebody said</div><p>old</p></div>"

    cuts = what_was_cut(read(raw_mail(body, Content_Type="text/html")))

    assert [(one.kind, one.first) for one in cuts] == [("html", "Somebody said")]
