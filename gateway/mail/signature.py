"""Recognise what stands below a letter: signature marks, phones' adverts, closings, legal footers.

Sources: RFC 3676 section 4.3 (the mark `-- `); policy rule 5.3; the lines phones add by default.
"""

import re
from typing import Final

from gateway.mail.phrase import phrases

_MARK: Final = re.compile(r"--\s?$")
_LONE_DASH: Final = re.compile(r"\s*[—–―]\s*$")
_LINK: Final = re.compile(r"\s?<(?:https?|mailto):[^<>\s]{1,500}>")
_SENT_FROM_MY: Final = re.compile(
    r"sent (?:from|via|using|by|on) my \S{1,30}(?: \S{1,30}){0,4}[.!]?$", re.IGNORECASE
)
_NOT_A_DEVICE: Final = re.compile(
    # `Sent from my desk, is much easier`: a sentence. `my Verizon, Samsung smartphone`: a device.
    r"[,;](?!.*(?:phone|tablet|device|handset)\W*$)"
    r"|\b(?:is|was|are|because|and then|but|which|that)\b"
)
_DEVICE: Final = (
    r"(?:i(?:phone|pad|pod)|android|galaxy|samsung|blackberry|(?:smart)?phone|smartphone|handy|tablet"
    r"|htc|huawei|xiaomi|pixel|nokia|lumia|windows|outlook|yahoo|e?mail|correio|gmail|proton|nine|spark|typeapp"
    r"|k-9|fairemail|airmail|sparrow|mobile?|handset|device|sony|motorola|oneplus|boxer|zimbra"
    r"|verizon|at&t|t-mobile|telefono?|teléfono|móvil|celular|телефон\w*|смартфон\w*|айфон\w*)"
)
_MOBILE: Final = phrases(
    rf"""
    # en
    (?:sent|sent securely|written|typed) (?:from|via|with|using|by|on) .{{0,40}}?{_DEVICE}.{{0,60}}
    get (?:outlook|bluemail|typeapp) for [^,;]{{2,60}}
    # de
    (?:gesendet|gesandt|verschickt) (?:von|mit|aus|über) .{{0,40}}?{_DEVICE}[^,;]{{0,40}}
    (?:von|aus|mit) (?:mein|de[mr])\w{{0,2}} [^,;]{{0,40}}?{_DEVICE}[^,;]{{0,40}}(?:ge|ver)sendet
    diese (?:nachricht|e-?mail) wurde von [^,;]{{0,40}}{_DEVICE}[^,;]{{0,60}}gesendet
    outlook für (?:ios|android) [^,;]{{2,20}}
    # fr, es, pt, it
    envoyé (?:de|depuis|à partir de|avec|par) [^,;]{{0,40}}?{_DEVICE}[^,;]{{0,40}}
    télécharger outlook pour [^,;]{{2,30}}|obtener outlook para [^,;]{{2,30}}
    enviado (?:desde|de|do|a partir de|através de|con) [^,;]{{0,40}}?{_DEVICE}[^,;]{{0,40}}
    obter o outlook para [^,;]{{2,30}}|(?:ottieni|scarica) outlook per [^,;]{{2,30}}
    inviato (?:da|dal|con|tramite) [^,;]{{0,40}}?{_DEVICE}[^,;]{{0,40}}
    # nl, da, no, sv, fi
    (?:verzonden|verstuurd) (?:vanaf|vanuit|met|via) [^,;]{{0,40}}?{_DEVICE}[^,;]{{0,40}}
    outlook voor (?:ios|android) [^,;]{{2,20}}|sendt fra (?:min|mit|mail|outlook)[^,;]{{0,40}}
    skickat från (?:min|mitt|mail|outlook)[^,;]{{0,40}}
    lähetetty [^,;]{{0,20}}{_DEVICE}[^,;]{{0,20}}
    # pl, cs, sk, ro, hu, tr, el
    wysłan[eo] z [^,;]{{0,40}}?{_DEVICE}[^,;]{{0,40}}|pobierz (?:aplikację )?outlook [^,;]{{2,40}}
    (?:odesláno|odoslané) z[eo]? [^,;]{{0,30}}{_DEVICE}?[^,;]{{0,20}}
    trimis de pe [^,;]{{0,40}}|(?:el)?küldve (?:az? )?[^,;]{{0,40}}{_DEVICE}[^,;]{{0,20}}
    poslano (?:s|iz|z) [^,;]{{0,30}}{_DEVICE}[^,;]{{0,20}}
    \S{{1,20}}['’]\S{{1,6}} (?:gönderildi|küldve|lähetetty)[^,;]{{0,20}}|στάλθηκε από [^,;]{{1,40}}
    # ru, uk
    (?:отправлено|послано|надіслано) (?:с|со|из|від|з|от|через) [^,;]{{1,60}}
    # vi, id, zh, ja, ko, he, ar
    được gửi từ [^,;]{{1,40}}|dikirim dari [^,;]{{1,40}}|(?:发自|發自|从|從)我的.{{1,20}}
    (?:发自|發自|寄件自|傳送自)\s?{_DEVICE}.{{0,20}}
    .{{0,12}}(?:iphone|ipad|android|galaxy)\s?(?:から送信|에서 보냄)|나의 \S{{1,20}}에서 보냄
    נשלח מה.{{1,30}}|أُ?رسلت? من .{{1,30}}
    """,
    after=r"\.?\s*$",
)
_STARTS: Final = phrases(
    r"sen|get|written|typed|ge|ver|von|aus|mit|diese|env|tél|out|obt|ott|sca|inv|wys|po|sk|lä|od|tri"
    r"|kü|elk|ip|от|пос|на|στά|được|dik|发|發|从|從|寄|傳|나|נש|أ|ر|\S{1,20}(?:から|에서|['’])",
    before=r"[\s*_\[]{0,8}",
)
_CLOSINGS: Final = phrases(
    r"""
    # en
    (?:(?:best|kind|warm|kindest|warmest|many|with|my|all the)\s){0,3}(?:regards|wishes|greetings)
    (?:thanks|thank you|thx|many thanks|cheers|sincerely|respectfully|faithfully|cordially)\b
    (?:rgds|br)\b
    (?:yours(?: sincerely| faithfully| truly)?|talk soon|take care|best(?=\W*$|,)|all the best|ta)\b
    # de
    (?:mit\s)?(?:freundlich|best|viel|lieb|herzlich|schön|sonnig)e[nm]?\s(?:grü(?:ß|ss)e?n?|gru(?:ß|ss))
    (?:mfg|lg|vg|gruß|gruss|grüße|danke|vielen dank|besten dank)\b
    # fr, es, it, pt, nl
    (?:cordialement|bien cordialement|sincères salutations|salutations|merci|bien à vous|cdlt)\b
    (?:amicalement|respectueusement)\b|(?:un )?(?:saludos?|atentamente|cordialmente|gracias)\b
    (?:muchas gracias|distinti saluti|cordiali saluti|saluti|grazie)\b
    (?:atenciosamente|cumprimentos|com os melhores cumprimentos|obrigad[oa]|abraços?|att)\b
    (?:met |hartelijke )?(?:vriendelijke )?groet(?:en|jes)?\b|(?:mvg|bedankt)\b
    # pl, cs, sk, hu, Scandinavia, fi, tr, el, ro, vi, id
    (?:pozdrawiam|z poważaniem|dziękuję|dzięki|pozdrowienia|s pozdravem|děkuji|díky)\b
    (?:s pozdravom|ďakujem|üdvözlettel|köszönöm|tisztelettel|med venlig hilsen|mvh|hilsen)\b
    (?:med vänliga hälsningar|vänligen|hälsningar|tack|tak|takk|kiitos|terveisin)\b
    (?:saygılar(?:ımla)?|teşekkürler|teşekkür ederim|iyi çalışmalar|με εκτίμηση|ευχαριστώ)\b
    (?:cu stimă|mulțumesc|trân trọng|cảm ơn|terima kasih|salam|hormat saya)\b
    # ru, uk, bg, zh, ja, ko
    (?:с уважением|с наилучшими|всего доброго|спасибо|благодарю|з повагою|дякую|с уважение)\b
    (?:поздрави|благодаря)\b|此致|祝好|谢谢|謝謝|敬礼|よろしく|ありがとう|감사합니다
    """,
    before=r"\s*",
)
_CLOSING_CHARS_MAX: Final = 48
_LEGAL: Final = (
    phrases(
        "confidential|vertraulich|confiden[tc]i|riservat|vertrouwelijk|poufn|конфиденц|privileged"
    ),
    phrases("""
        intended|recipient|addressee|bestimmt|empfänger|destinat|bestemd|adress?at|geadresseerd
        предназнач|получател
    """),
    phrases("""
        disclos|dissemin|copy|copies|delete|error|irrt[uü]m|vernichte|apague|destru|löschen|divulg|détruire|supprim
        borrar|elimin|difus|verwijder|usuń|удалите|ошибк|unauthori[sz]ed|prohibited|unbefugt|interdit
        prohibid|vietat
    """),
)
_LEGAL_START: Final = phrases(
    """
    this (?:e-?mail|message|communication)|the (?:information|contents?) (?:contained )?in this
    confidential|disclaimer|notice|important|legal|please consider the environment
    diese (?:e-?mail|nachricht)|der inhalt dieser|vertraulich|ce (?:message|courriel|mail)
    cet e-?mail|avis|este (?:mensaje|correo|e-?mail)|aviso|la información contenida|esta mensagem
    questo messaggio|questa e-?mail|le informazioni contenute|dit (?:bericht|e-?mail)|de informatie
    ta wiadomość|niniejsza wiadomość|treść tej|данное|это (?:сообщение|письмо)|настоящее
    """,
    before=r"\s*[*_]{0,2}",
)
_LEGAL_TITLE: Final = re.compile(
    r"\W{0,4}(?:(?:confidentiality|legal|privacy)\s(?:notice|statement|disclaimer)|disclaimer\b)",
    re.IGNORECASE,
)
_ADVERT_CHARS_MAX: Final = 300
_ADVERT: Final = phrases(
    # What programs and firms put below every mail; the whole paragraph is one of these.
    r"""
    virus-free\.?|virenfrei\.?|sans virus\.?|libre de virus\.?|privo di virus\.?|vírusmentes\.?
    (?:diese e-?mail|this e-?mail|cet? (?:e-?mail|courrier|message)|este (?:e-?mail|correo|mensaje))
    (?:questa e-?mail|dit bericht|deze e-?mail|ta wiadomość|это сообщение)
    """,
    before=r"\W{0,4}",
)
_SCANNED: Final = (
    phrases(r"\b(?:avast|avg|eset|norton|kaspersky|mcafee|sophos|avira|bitdefender)\b"),
    phrases("""
        virus-free|virenfrei|sans virus|libre de virus|privo di virus|vírusmentes
        scanned|checked|geprüft|überprüft|vérifié|analysé|comprobado|analizado|controllat
        gecontroleerd|sprawdzon|проверен
    """),
)
_PRINTED: Final = phrases(
    """
    (?:please )?(?:consider|think (?:of|about)) the environment before (?:you )?print
    (?:bitte )?(?:denken sie an|schonen sie) .{0,30}umwelt.{0,40}druck
    (?:merci de )?(?:penser|pensez) à l.environnement avant d.imprimer
    (?:por favor,? )?(?:piense|considere) .{0,20}medio ?ambiente antes de imprimir
    (?:prima di stampare|pensa all.ambiente)|denk aan het milieu voordat
    """,
    before=r"\W{0,4}",
)
_RULE_ONLY: Final = re.compile(
    # \u1427 is the mark that a mail tracker leaves.
    r"\s*(?:[-#*_=~+]{2,}|[-#*_=~+](?:\s[-#*_=~+]){2,}|\u1427|[•·])\s*$"
)
_DASHED_NAME: Final = re.compile(
    r"\s*[-–—~]\s?(?:[^\W\d_][\w.'’-]{0,30})(?: [^\W\d_][\w.'’-]{0,30}){0,3}\s*$"
)


def is_mark(line: str) -> bool:
    """The signature mark `-- `, with or without its space."""
    return line[:2] == "--" and _MARK.match(line) is not None


def is_lone_dash(line: str) -> bool:
    """A line that is one long dash: a signature mark for some, a divider for others."""
    return not line.isascii() and _LONE_DASH.match(line) is not None


def is_mobile(line: str) -> bool:
    """`Sent from my phone` and the like, in the languages phones speak; a whole line of it."""
    if len(line) > 400 or not _STARTS.match(line):
        return False
    bare = _LINK.sub("", line.strip()).strip("*_[]").strip()
    if _NOT_A_DEVICE.search(bare):
        return False
    return _SENT_FROM_MY.match(bare) is not None or _MOBILE.match(bare) is not None


def is_closing(line: str) -> bool:
    """A closing formula: `Best regards,` and its translations, with nothing but a name behind."""
    text = line.strip()
    if len(text) > _CLOSING_CHARS_MAX:
        return False
    found = _CLOSINGS.match(text)
    if found is None:
        return False
    rest = text[found.end() :].strip(" ,.!-–—")
    return len(rest.split()) <= 3 and "?" not in rest


def is_legal(paragraph: str) -> bool:
    """A footer that talks of confidentiality and of recipients, as lawyers write them."""
    if _LEGAL_TITLE.match(paragraph) and _LEGAL[1].search(paragraph):
        return True
    return _LEGAL_START.match(paragraph) is not None and all(
        pattern.search(paragraph) for pattern in _LEGAL
    )


def is_advert(paragraph: str) -> bool:
    """A short footer that no person typed: a virus scanner's, or a wish not to print the mail."""
    if len(paragraph) > _ADVERT_CHARS_MAX:
        return False
    if _PRINTED.match(paragraph):
        return True
    return _ADVERT.match(paragraph) is not None and all(
        pattern.search(paragraph) for pattern in _SCANNED
    )


def is_rule_only(line: str) -> bool:
    """Nothing but delimiter characters: worth nothing at the end of a text."""
    return _RULE_ONLY.match(line) is not None


def is_dashed_name(line: str) -> bool:
    """`-Ann Miller`: a name behind a dash, as some sign their mails to lists."""
    return _DASHED_NAME.match(line) is not None and len(line.strip()) <= 40
