"""New, quoted and signature: habits of clients in many languages, and what must never happen."""

import itertools
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.mail.quote import Kind, command_text, is_quoted_above, new_text, split_quotes

ATTRIBUTIONS = """\
On Tue, Jul 7, 2026 at 10:00 AM Ann Miller <ann@x.example> wrote:
On 7 Jul 2026, at 10:00, Ann Miller <ann@x.example> wrote:
On 07/07/2026 10:00, Ann Miller wrote:
On Jul 7, 2026, 10:00 +0200, Ann Miller <ann@x.example>, wrote:
Am Di., 7. Juli 2026 um 10:00 Uhr schrieb Ann Miller <ann@x.example>:
Am 07.07.2026 um 10:00 schrieb Ann Miller:
Ann Miller <ann@x.example> hat am 07.07.2026 10:00 CEST geschrieben:
Ann Miller <ann@x.example> schrieb am Di., 7. Juli 2026, 10:00:
Le mar. 7 juil. 2026 à 10:00, Ann Miller <ann@x.example> a écrit :
Le 07/07/2026 à 10:00, Ann Miller a écrit :
El mar, 7 jul 2026 a las 10:00, Ann Miller (<ann@x.example>) escribió:
Il giorno mar 7 lug 2026 alle ore 10:00 Ann Miller <ann@x.example> ha scritto:
Em ter., 7 de jul. de 2026 às 10:00, Ann Miller <ann@x.example> escreveu:
Op di 7 jul 2026 om 10:00 schreef Ann Miller <ann@x.example>:
Op 7 jul. 2026 om 10:00 heeft Ann Miller <ann@x.example> het volgende geschreven:
wt., 7 lip 2026 o 10:00 Ann Miller <ann@x.example> napisał(a):
W dniu 07.07.2026 o 10:00, Ann Miller pisze:
Den tis 7 juli 2026 kl 10:00 skrev Ann Miller <ann@x.example>:
tir. 7. juli 2026 kl. 10:00 skrev Ann Miller <ann@x.example>:
ti 7. heinäk. 2026 klo 10.00 Ann Miller (ann@x.example) kirjoitti:
út 7. 7. 2026 v 10:00 odesílatel Ann Miller <ann@x.example> napsal:
ut 7. 7. 2026 o 10:00 Ann Miller <ann@x.example> napísal(a):
Ann Miller <ann@x.example> ezt írta (időpont: 2026. júl. 7., K, 10:00):
mar., 7 iul. 2026 la 10:00, Ann Miller <ann@x.example> a scris:
07.07.2026 10:00, Ann Miller пишет:
7 июля 2026 г., в 10:00, Ann Miller <ann@x.example> написал(а):
вт, 7 июл. 2026 г. в 10:00, Ann Miller <ann@x.example>:
07.07.2026, 10:00, "Ann Miller" <ann@x.example>:
вт, 7 лип. 2026 р. о 10:00 Ann Miller <ann@x.example> пише:
На вт, 7.07.2026 г. в 10:00 Ann Miller <ann@x.example> написа:
Στις Τρί 7 Ιουλ 2026 στις 10:00 π.μ., ο/η Ann Miller <ann@x.example> έγραψε:
7 Tem 2026 Sal 10:00 tarihinde Ann Miller <ann@x.example> şunu yazdı:
Vào Th 3, 7 thg 7, 2026 vào lúc 10:00 Ann Miller <ann@x.example> đã viết:
Pada tanggal Sel, 7 Jul 2026 pukul 10.00 Ann Miller <ann@x.example> menulis:
Ann Miller <ann@x.example> 于2026年7月7日周二 10:00写道：
Ann Miller <ann@x.example> 於 2026年7月7日 週二 上午10:00寫道：
2026年7月7日(火) 10:00 Ann Miller <ann@x.example>:
2026/07/07 10:00、Ann Miller <ann@x.example>のメール:
2026년 7월 7일 (화) 오전 10:00, Ann Miller <ann@x.example>님이 작성:
\u202bבתאריך יום ג׳, 7 ביולי 2026 ב-10:00 מאת \u202aAnn Miller\u202c <ann@x.example>:\u202c
El dia dt., 7 de jul. 2026, 10:00, Ann Miller <ann@x.example> va escriure:
uto, 7. srp 2026. u 10:00 Ann Miller <ann@x.example> napisao je:
मंगल, 7 जुल॰ 2026 को 10:00 बजे को Ann Miller <ann@x.example> ने लिखा:
Zitat von Ann Miller <ann@x.example>:
---- On Tue, 07 Jul 2026 10:00:00 +0200 Ann Miller <ann@x.example> wrote ---
2026-07-07 10:00 GMT+02:00 Ann Miller <ann@x.example>:
""".splitlines()

POSTINGS = {
    "marked quote": "Yes, done.\n\n{}\n\n> Please say yes\n> or no\n",
    "quote without marks": "Yes, done.\n\n{}\n\nPlease say yes\nor no\n",
    "answer below": "{}\n> Please say yes\n> or no\n\nYes, done.\n",
    "no blank lines": "Yes, done.\n{}\n> Please say yes\n",
}


def new(text: str) -> str:
    spans = split_quotes(text)
    assert "".join(span.text for span in spans) == text
    return new_text(spans)


@pytest.mark.parametrize("attribution", ATTRIBUTIONS)
def test_the_attribution_of_a_client_is_known_in_its_language(attribution):
    for posting in POSTINGS.values():
        assert new(posting.format(attribution)) == "Yes, done."

    before_address = attribution.replace(" <ann@", " <\nann@")
    before_last_word = "\n".join(attribution.rsplit(" ", 1))
    for wrapped in (before_address, before_last_word):
        assert new(f"Yes, done.\n\n{wrapped}\n\n> Please say yes\n") == "Yes, done."


@pytest.mark.parametrize(
    "line",
    [
        "On 7 July 2026 at 10:00 I wrote:",
        "On 5 May 2026 the customer wrote:",
        "Here is what I found on 07.07.2026:",
        "At 10:00 the following error occurred on 2026-07-07:",
        "2026-07-07 10:00:01 ERROR something <x>",
        "Please change the mail of Ann <ann@x.example>:",
        "12:30 Meeting with Bob <bob@x.example>",
        "John said:",
        "As Ann wrote:",
        "These users wrote:",
        "I saw what he wrote",
        "From: Berlin\nTo: Paris\nby train",
        "Date: 1 July\nTime: 10:00\nAddress: Main Street 1",
        "Sent from my desk, is much easier than my phone.",
        "Get Outlook working please, it crashes",
        "- Ann said no",
        ">> SALE <<",
        "Use a --- dash",
        "**Previous** step",
    ],
)
def test_what_only_looks_like_a_quote_stays_new(line):
    text = f"Hello,\n\n{line}\n\nthe shop is down"

    assert new(text) == text


BLOCKS = [
    ("From: Ann <a@x.example>", "Sent: Tuesday", "To: Desk", "Subject: x"),
    ("*From:* Ann", "*Sent:* Tuesday", "*To:* Desk", "*Subject:* x"),
    ("Von: Ann", "Gesendet: Dienstag", "An: Desk", "Betreff: x"),
    ("De : Ann", "Envoyé : mardi", "À : Desk", "Objet : x"),
    ("De: Ann", "Enviado el: martes", "Para: Desk", "Asunto: x"),
    ("Da: Ann", "Inviato: martedì", "A: Desk", "Oggetto: x"),
    ("De: Ann", "Enviada em: terça", "Para: Desk", "Assunto: x"),
    ("Van: Ann", "Verzonden: dinsdag", "Aan: Desk", "Onderwerp: x"),
    ("Od: Ann", "Wysłano: wtorek", "Do: Desk", "Temat: x"),
    ("Från: Ann", "Skickat: tisdag", "Till: Desk", "Ämne: x"),
    ("Fra: Ann", "Sendt: tirsdag", "Til: Desk", "Emne: x"),
    ("Lähettäjä: Ann", "Lähetetty: tiistai", "Vastaanottaja: Desk", "Aihe: x"),
    ("Od: Ann", "Odesláno: úterý", "Komu: Desk", "Předmět: x"),
    ("Feladó: Ann", "Elküldve: kedd", "Címzett: Desk", "Tárgy: x"),
    ("От: Ann", "Отправлено: вторник", "Кому: Desk", "Тема: x"),
    ("Від: Ann", "Надіслано: вівторок", "Кому: Desk", "Тема: x"),
    ("Kimden: Ann", "Gönderildi: Salı", "Kime: Desk", "Konu: x"),
    ("发件人: Ann", "发送时间: 2026年7月7日", "收件人: Desk", "主题: x"),
    ("差出人: Ann", "送信日時: 2026年7月7日", "宛先: Desk", "件名: x"),
    ("De: Ann", "Enviat el: dimarts", "Per a: Desk", "Assumpte: x"),
    ("Šalje: Ann", "Poslano: utorak", "Prima: Desk", "Predmet: x"),
    ("보낸 사람: Ann", "날짜: 2026", "받는 사람: Desk", "제목: x"),
]


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block[0])
def test_a_block_of_header_fields_begins_the_old_mail(block):
    fields = "\n".join(block)

    assert new(f"Yes, done.\n\n{fields}\n\nold text") == "Yes, done."
    assert new(f"Yes, done.\n________________________________\n{fields}\n\nold") == "Yes, done."


@pytest.mark.parametrize(
    "line",
    [
        "-----Original Message-----",
        "-------- Ursprüngliche Nachricht --------",
        "-------- Message d'origine --------",
        "-----Mensaje original-----",
        "----Messaggio originale----",
        "-------- Mensagem original --------",
        "-----Oorspronkelijk bericht-----",
        "-------- Исходное сообщение --------",
        "-------- Wiadomość oryginalna --------",
        "-----Özgün İleti-----",
        "------------------ 原始邮件 ------------------",
        "‐‐‐‐‐‐‐ Original Message ‐‐‐‐‐‐‐",
        "---------- Forwarded message ---------",
        "Begin forwarded message:",
        "-------- Weitergeleitete Nachricht --------",
        "Ann Miller ---07.07.2026 10:00:00---Hello Desk, please",
        "##- Reply above this line -##",
        "## - Reply above this line - ##",
        "##- Please type your reply above this line -##",
    ],
)
def test_a_dividing_line_begins_the_old_mail(line):
    assert new(f"Yes, done.\n\n{line}\n\nold text\nmore") == "Yes, done."


def test_below_our_marked_line_only_the_marked_lines_are_old():
    text = "> ##- Reply above this line -##\n> old\n> text\n\nYes, done."

    assert new(text) == "Yes, done."


def test_a_forwarded_mail_on_its_own_is_what_the_author_sends():
    text = (
        "---------- Forwarded message ---------\nFrom: Bob <b@x.example>\nDate: 7 Jul 2026\n"
        "Subject: a long one\nthat wraps\nTo: Ann\n\nplease help"
    )

    assert new(text) == "please help"


@pytest.mark.parametrize(
    "line",
    [
        "-- ", "--", "Sent from my iPhone", "Get Outlook for iOS<https://aka.example/x>",
        "Von meinem iPhone gesendet", "Gesendet von Mail für Windows", "Envoyé de mon iPhone",
        "Enviado desde mi iPhone", "Enviado do meu iPhone", "Inviato da iPhone",
        "Verstuurd vanaf mijn iPhone", "Wysłane z iPhone'a", "Skickat från min iPhone",
        "Sendt fra min iPhone", "Отправлено с iPhone", "发自我的iPhone", "iPhoneから送信",
        "Scarica Outlook per iOS", "Elküldve az iPhone-omról", "Poslano s mojego iPhone-a",
        "寄件自 iPhone", "나의 iPhone에서 보냄", "Sent from my Verizon, Samsung Galaxy smartphone",
        "_______________________________",
    ],
)  # fmt: skip
def test_a_signature_is_cut_from_its_mark_on(line):
    spans = split_quotes(f"Yes, done.\n\n{line}\nAnn Miller\nACME")

    assert new_text(spans) == "Yes, done."
    assert spans[-1].kind is Kind.SIGNATURE


def test_a_lawyers_footer_is_no_text():
    footer = (
        "This e-mail is confidential and intended for the recipient only. If you received it\n"
        "in error please delete it; any disclosure is prohibited."
    )

    assert new(f"Yes, done.\n\nAnn\n\n{footer}\n") == "Yes, done.\n\nAnn"
    assert new(footer) == footer


def test_answers_between_quotes_are_all_new():
    text = (
        "On 7 Jul 2026 at 10:00, Desk <d@x.example> wrote:\n> First?\nYes.\n> Second?\n\nNo.\n"
        "> Bye\n"
    )

    assert new(text) == "Yes.\n\nNo."
    assert is_quoted_above(split_quotes(text))


def test_a_wrapped_quote_is_still_a_quote():
    text = (
        "Yes.\n\nOn 7 Jul 2026 at 10:00, Desk <d@x.example> wrote:\n"
        "> See the page (https://x.example/action\n_nonce=3dd518)\n> thanks\n"
    )

    assert new(text) == "Yes."


def test_marked_lines_of_the_authors_own_choice_stay():
    assert new("> a quote\n\nand my words") == "> a quote\n\nand my words"


def test_code_between_fences_is_not_looked_into():
    text = "See:\n\n```\nFrom: a@x.example\nSent: today\nTo: b\nSubject: c\n-- \n```\n\nWhat now?"

    assert new(text) == text


@pytest.mark.parametrize(
    ("body", "commands"),
    [
        pytest.param("confirm", "confirm", id="the word"),
        pytest.param("Hi Eva,\n\nconfirm\n\nAnn", "Hi Eva,\n\nconfirm", id="name below"),
        pytest.param("confirm\n\nBest regards,\nAnn Miller\nACME", "confirm", id="closing"),
        pytest.param("confirm\nThanks!", "confirm", id="thanks"),
        pytest.param("подтверждаю\n\nС уважением,\nАнна", "подтверждаю", id="Russian closing"),
        pytest.param("-- \nconfirm", "", id="below the signature mark"),
        pytest.param("—\nconfirm", "", id="below a lone dash"),
        pytest.param("Sent from my phone\nconfirm", "", id="below a phone's advert"),
        pytest.param("> confirm", "", id="only quoted"),
        pytest.param("On 7 Jul 2026 at 10:00, Desk <d@x.example> wrote:\n> say confirm\n\nconfirm",
                     "confirm", id="below the quote"),
        pytest.param("The rate is 21 %.\nconfirm", "The rate is 21 %.\nconfirm", id="not first"),
        pytest.param("confirm\n\n##- Reply above this line -##\ndecline", "confirm", id="our mark"),
        pytest.param("Ann", "Ann", id="nothing but a name"),
    ],
)  # fmt: skip
def test_commands_are_looked_for_in_less_than_people_read(body, commands):
    assert command_text(new(body), "Ann Miller") == commands


PIECES = st.sampled_from(
    [
        "", " ", "> ", ">", "word", "-- ", "--", "On 1.1.2026 a <a@b.example> wrote:", "wrote:",
        "From: a@b.example", "Sent: 2026", "To: x", "Subject: y", "-----Original Message-----",
        "##- Reply above this line -##", "```", "Sent from my iPhone", "C> x", "<", "____" * 6,
        "mailto:x", "—", "- Ann", "2026-01-01 10:10 GMT+01:00 Ann", "\t", "写道：", "\u202c",
    ]
)  # fmt: skip
TEXTS = st.lists(st.one_of(PIECES, st.text(max_size=8)), max_size=25).map("\n".join)


@settings(max_examples=200, deadline=None)
@given(TEXTS)
@example("a On 1.1.26 b <b@x.example> wrote:\n> c")
def test_the_spans_of_any_text_rebuild_it(text):
    spans = split_quotes(text)

    assert "".join(span.text for span in spans) == text
    assert all(one.kind is not other.kind for one, other in itertools.pairwise(spans))
    assert all(span.text for span in spans)
    command_text(new_text(spans), "Ann Miller")


@pytest.mark.parametrize(
    "piece",
    ["\n", "> x\n", "On \n", "a:\n", "wrote:\n", "On 1.1.2026, a <a@b> wrote:\n", "From: a@b\n",
     "Date: 1\nFrom: \n", "---- x ----\n", "<\n", "-- \n", "a ", "___\n", "\t\n", "C> x\n"],
)  # fmt: skip
def test_splitting_is_linear_in_a_hostile_text(piece):
    def seconds(size: int) -> float:
        text = piece * (size // len(piece))
        started = time.process_time()
        split_quotes(text)
        return time.process_time() - started

    seconds(1000)
    short, long = seconds(20_000), seconds(160_000)

    assert long < 16 * short + 0.2
    assert long < 1


@pytest.mark.parametrize(
    "piece",
    [
        "\n", "> x\n", "On x wrote:\n", "Am 1.1.2020 schrieb x:\n", "a:\n", "1\n", ">\n\n",
        "On ", "- ", ">> ", "_", "(", "\xa0", "*From:* x\n", "```\nx\n",
        "> " + "x" * 70 + "\nyyy\n",
    ],
)  # fmt: skip
def test_a_hostile_megabyte_is_split_within_a_second(piece):
    text = piece * (1_000_000 // len(piece))
    started = time.process_time()

    spans = split_quotes(text)

    assert time.process_time() - started < 1
    assert sum(len(span.text) for span in spans) == len(text)


def test_a_megabyte_behind_many_lines_is_kept_whole():
    text = "word\n" * 60_000 + "> quoted\n" * 10

    assert new(text) == text.strip()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("Yes.\n---\n*Previous Replies*\n\nold", "Yes.", id="heading of a forum"),
        pytest.param("Yes.\n\n-------\n\n-----Original Message-----\nold", "Yes.", id="two lines"),
        pytest.param("Yes.\n\nFrom: a@x.example\nSent: 2026\n\nTo: x\n\nSubject: y\n\nTo: z",
                     "Yes.", id="fields set apart"),
        pytest.param("Yes.\n\n> " + "long line " * 8 + "\nrest\n> end", "Yes.", id="wrapped rest"),
        pytest.param("Yes.\n\n> a\n(https://x.example/y)\n> b", "Yes.", id="a link within"),
        pytest.param("---------- Forwarded message ---------\n\n", "", id="forward of nothing"),
        pytest.param("Forward:\n---------- Forwarded message ---------\nold", "Forward:", id="fwd"),
        pytest.param("> -----Original Message-----\n> old\n\nYes.", "Yes.", id="marked divider"),
        pytest.param("Yes.\n\n-Ann Miller\n\n" + "_" * 40 + "\nusers mailing list", "Yes.",
                     id="dashed name above a list's footer"),
        pytest.param("—\nSent from my phone", "", id="dash above an advert"),
        pytest.param("Yes.\n\nthis-mail-was " + "x " * 250 + "sent from my phone", "Yes.\n\n"
                     "this-mail-was " + "x " * 250 + "sent from my phone", id="long line"),
        pytest.param("Yes.\n\n" + "word " * 200 + "wrote:\n> x", "Yes.\n\n" + "word " * 200
                     + "wrote:", id="too long to be an attribution"),
        pytest.param("a\n\n--\nb\n\n> c\n\nd", "a", id="nothing is new below a signature"),
        pytest.param("Ann Miller, 07.07.2026 10:00:\n> old\n\nYes.", "Yes.", id="name and date"),
        pytest.param("On Thu, 7 Jul 2026 at 10:00 Ann\n\n<\nmailto:Ann <a@x.example>\n> wrote:\n\n"
                     "> old\n\nYes.", "Yes.", id="torn address"),
    ],
)  # fmt: skip
def test_rarer_forms(text, expected):
    assert new(text) == expected


def test_behind_many_special_lines_the_rest_is_not_judged():
    text = "a: b\n" * 25_000 + "-- \nAnn"

    assert new(text).endswith("-- \nAnn")


def test_marked_lines_above_an_attributed_quote_are_the_authors_choice():
    text = (
        "You ask:\n\n> Which colour?\n\nBlue.\n\n"
        "On 7 Jul 2026 at 10:00, Desk <d@x.example> wrote:\n> all of it\n"
    )

    assert new(text) == "You ask:\n\n> Which colour?\n\nBlue."


def test_a_closing_is_short():
    assert command_text("confirm\nThanks " + "a" * 60) == "confirm\nThanks " + "a" * 60


def test_a_wrapped_rest_is_one_line():
    text = "Yes.\n\n> see (https://x.example/\nrest\nNo.\n> end"

    assert new(text) == "Yes.\n\nNo."


def test_after_many_looks_marked_lines_are_taken_as_they_are():
    text = "a:\n" * 1500 + "> quoted\n\nend"

    assert new(text).endswith("a:\n\nend")


@pytest.mark.parametrize(
    "footer",
    [
        "Diese E-Mail ist vertraulich. Sind Sie nicht der Adressat, vernichten Sie sie bitte.",
        "CONFIDENTIALITY NOTICE: only for the intended recipient.",
        "Esta mensagem é confidencial. Se não é o destinatário, apague-a.",
        "Virus-free. www.avast.com",
        "Diese E-Mail wurde von Avast Antivirus auf Viren geprüft.\nwww.avast.com",
        "Please consider the environment before printing this e-mail.",
        "Bitte denken Sie an die Umwelt, bevor Sie diese Mail drucken.",
    ],
)
def test_a_footer_that_nobody_typed_is_no_text(footer):
    assert new(f"Yes, done.\n\n{footer}\n") == "Yes, done."
    assert new(f"Yes, done.\n\n{footer}\n\nVirus-free. www.avg.com\n") == "Yes, done."
    assert new(footer) == footer


@pytest.mark.parametrize(
    "line",
    [
        "This e-mail arrived without its attachment, can you send it again?",
        "This message came back: Norton says that our shop has a virus, please look.",
        "Consider the environment variable PATH before printing.",
    ],
)
def test_what_only_begins_like_a_footer_stays_new(line):
    text = f"Hello,\n\n{line}"

    assert new(text) == text


def test_the_armour_of_a_clear_signed_text_is_none_of_it():
    """RFC 9580 section 7: the answer of somebody who signs must still be one."""
    signed = (
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nI confirm.\n"
        "-----BEGIN PGP SIGNATURE-----\n\niQEz\n=abc\n-----END PGP SIGNATURE-----\n"
    )

    assert new(signed) == "I confirm."
    assert new(f"{signed}\nOn 7 Jul 2026, Ann <a@x.example> wrote:\n> old\n") == "I confirm."
    assert new(signed.partition("=abc")[0]).startswith("I confirm.\n-----BEGIN PGP SIGNATURE")
