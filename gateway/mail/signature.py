"""Recognise what stands below a letter: signature marks, phones' adverts, closings, legal footers.

Sources: RFC 3676 section 4.3 (the mark `-- `); policy rule 5.3; the lines phones add by default.
"""

import re
from typing import Final

_MARK: Final = re.compile(r"--\s?$")
_LONE_DASH: Final = re.compile(r"\s*[—–―]\s*$")
_DEVICE: Final = (
    r"(?:iphone|ipad|ipod|android|galaxy|samsung|blackberry|mobile|phone|smartphone|handy|tablet|htc"
    r"|huawei|xiaomi|pixel|nokia|lumia|windows|outlook|yahoo|mail|gmail|proton|nine|bluemail|spark"
    r"|k-9|fairemail|aquamail|typeapp|mailbird|airmail|sparrow|mobil|handset|device|sony|motorola|lg"
    r"|oneplus|boxer|zimbra|verizon|at&t|t-mobile|veryfast|telefon|telefono|teléfono|móvil|celular"
    r"|телефон|смартфон|айфон)"
)
_SENT_FROM_MY: Final = re.compile(
    r"\s*sent (?:from|via|using|by|on) (?:my|a|an|the) \S{1,30}(?: \S{1,30}){0,4}[.!]?\s*$",
    re.IGNORECASE,
)
_NOT_A_DEVICE: Final = re.compile(
    r"[,;](?!.*(?:phone|tablet|device|handset)\W*$)|\b(?:is|was|are|because|and then|but|which|that)\b"
)
_LINK: Final = re.compile(r"\s?<(?:https?|mailto):[^<>\s]{1,500}>")
_MOBILE: Final = re.compile(
    r"\s*(?:"
    r"(?:sent|sent securely|written|typed) (?:from|via|with|using|by|on) [^,;]{0,40}?"
    + _DEVICE
    + r"[^,;]{0,60}"
    r"|get (?:outlook|bluemail|typeapp) for [^,;]{2,30}|get outlook for .{2,80}"
    r"|(?:gesendet|gesandt|verschickt|geschrieben) (?:von|mit|aus|über) [^,;]{0,40}?"
    + _DEVICE
    + r"[^,;]{0,40}"
    r"|(?:von|aus|mit) (?:meinem?|der|dem|meiner) [^,;]{0,40}?"
    + _DEVICE
    + r"[^,;]{0,40}(?:gesendet|versendet)"
    r"|diese (?:nachricht|e-mail|mail) wurde von [^,;]{0,40}" + _DEVICE + r"[^,;]{0,60}gesendet"
    r"|envoyé (?:de|depuis|à partir de|avec|par) [^,;]{0,40}?" + _DEVICE + r"[^,;]{0,40}"
    r"|télécharger outlook pour .{2,30}|outlook für (?:ios|android) .{2,20}"
    r"|enviado (?:desde|de|do|a partir de|através de|con) [^,;]{0,40}?" + _DEVICE + r"[^,;]{0,40}"
    r"|obtener outlook para .{2,30}|obter o outlook para .{2,30}|ottieni outlook per .{2,30}"
    r"|inviato (?:da|dal|con|tramite) [^,;]{0,40}?" + _DEVICE + r"[^,;]{0,40}"
    r"|(?:verzonden|verstuurd) (?:vanaf|vanuit|met|via) [^,;]{0,40}?" + _DEVICE + r"[^,;]{0,40}"
    r"|outlook voor (?:ios|android) .{2,20}|wysłan[eo] z [^,;]{0,40}?" + _DEVICE + r"[^,;]{0,40}"
    r"|pobierz (?:aplikację )?outlook .{2,40}|sendt fra [^,;]{0,40}|skickat från [^,;]{0,40}"
    r"|lähetetty [^,;]{0,40}|odesláno z[e]? [^,;]{0,40}|odoslané z [^,;]{0,40}|trimis de pe [^,;]{0,40}"
    r"|küldve [^,;]{0,40}|iphone['’]?\S{0,6} (?:gönderildi|küldve|lähetetty)[^,;]{0,20}"
    r"|(?:отправлено|послано|надіслано) (?:с|со|из|від|з|от|через) [^,;]{1,60}"
    r"|στάλθηκε από [^,;]{1,40}|\S{1,20}['’]\S{1,6} gönderildi|được gửi từ [^,;]{1,40}|dikirim dari [^,;]{1,40}"
    r"|发自我的.{1,20}|發自我的.{1,20}|从我的.{1,20}发送|從我的.{1,20}傳送|我的\S{1,12}(?:から)?送信"
    r"|.{0,12}iphone\s?から送信|.{0,12}(?:iphone|galaxy)에서 보냄|나의 \S{1,20}에서 보냄|נשלח מה.{1,30}|أُ?رسلت? من .{1,30}"
    r")\.?\s*(?:<\S{1,300}>)?\s*$",
    re.IGNORECASE,
)
_STARTS: Final = re.compile(
    r"\s*(?:sen|get|written|typed|ge|von|aus|mit|diese|env|tél|out|obt|ott|inv|ver|wys|pob|sk|lä|od|tri|kü|ip"
    r"|от|пос|на|στά|được|dik|发|發|从|從|我|나|נש|أ|ر|\S{1,14}(?:から|에서|['’]))",
    re.IGNORECASE,
)
_CLOSINGS: Final = re.compile(
    r"\s*(?:(?:best|kind|warm|kindest|warmest|many|with|my|all the)\s){0,3}(?:regards|wishes|greetings)"
    r"|\s*(?:thanks|thank you|thx|many thanks|cheers|sincerely|respectfully|faithfully|cordially|rgds|br"
    r"|yours(?: sincerely| faithfully| truly)?|talk soon|take care|best(?=\W*$|,)|all the best|ta)\b"
    r"|\s*(?:mit\s)?(?:freundliche[nm]?|beste[n]?|viele[n]?|liebe[n]?|herzliche[n]?|schöne[n]?|sonnige[n]?)"
    r"\s(?:grü(?:ß|ss)e[n]?|gru(?:ß|ss))|\s*(?:mfg|lg|vg|gruß|gruss|grüße|danke|vielen dank|besten dank)\b"
    r"|\s*(?:cordialement|bien cordialement|sincères salutations|salutations|merci|bien à vous|amicalement"
    r"|cdlt|respectueusement)\b|\s*(?:un )?(?:saludos?|atentamente|cordialmente|gracias|muchas gracias)\b"
    r"|\s*(?:distinti saluti|cordiali saluti|saluti|grazie|cordialmente)\b"
    r"|\s*(?:atenciosamente|cumprimentos|com os melhores cumprimentos|obrigad[oa]|abraços?|att)\b"
    r"|\s*(?:met vriendelijke groet(?:en)?|vriendelijke groet(?:en)?|groet(?:en|jes)?|mvg|bedankt|hartelijke groet(?:en)?)\b"
    r"|\s*(?:pozdrawiam|z poważaniem|dziękuję|dzięki|pozdrowienia)\b"
    r"|\s*(?:s pozdravem|děkuji|díky|s pozdravom|ďakujem)\b|\s*(?:üdvözlettel|köszönöm|tisztelettel)\b"
    r"|\s*(?:med venlig hilsen|mvh|med vänliga hälsningar|vänligen|hilsen|hälsningar|tack|tak|takk|kiitos|terveisin)\b"
    r"|\s*(?:с уважением|с наилучшими|всего доброго|спасибо|благодарю|з повагою|дякую|с уважение|поздрави|благодаря)\b"
    r"|\s*(?:saygılar(?:ımla)?|teşekkürler|teşekkür ederim|iyi çalışmalar)\b|\s*(?:με εκτίμηση|ευχαριστώ)\b"
    r"|\s*(?:cu stimă|mulțumesc|trân trọng|cảm ơn|terima kasih|salam|hormat saya)\b"
    r"|\s*(?:此致|祝好|谢谢|謝謝|敬礼|よろしく|ありがとう|감사합니다)",
    re.IGNORECASE,
)
_CLOSING_CHARS_MAX: Final = 48
_LEGAL: Final = (
    re.compile(
        r"confidential|vertraulich|confidentiel|confidencial|riservat|vertrouwelijk|poufn|конфиденциальн|privileged",
        re.IGNORECASE,
    ),
    re.compile(
        r"intended|recipient|bestimmt|empfänger|destinat|bestemd|geadresseerde|adresat|предназначен|получател",
        re.IGNORECASE,
    ),
    re.compile(
        r"disclos|dissemin|copy|copies|delete|error|irrtum|vernichte|löschen|divulg|détruire|supprim|borrar|elimin|difus|verwijder|usuń|удалите|ошибк|unauthori[sz]ed|prohibited|unbefugt|interdit|prohibid|vietat",
        re.IGNORECASE,
    ),
)
_LEGAL_START: Final = re.compile(
    r"\s*[*_]{0,2}(?:this (?:e-?mail|message|communication)|the (?:information|contents?) (?:contained )?in this"
    r"|confidential|disclaimer|notice|important|legal|diese (?:e-?mail|nachricht)|der inhalt dieser|vertraulich"
    r"|ce (?:message|courriel|mail)|cet e-?mail|avis|este (?:mensaje|correo|e-?mail)|aviso|la información contenida"
    r"|esta mensagem|questo messaggio|questa e-?mail|le informazioni contenute|dit (?:bericht|e-?mail)|de informatie"
    r"|ta wiadomość|niniejsza wiadomość|treść tej|данное|это (?:сообщение|письмо)|настоящее|please consider the environment)",
    re.IGNORECASE,
)
_RULE_ONLY: Final = re.compile(r"\s*(?:[-#*_=~+]{2,}|[-#*_=~+](?:\s[-#*_=~+]){2,}|\u1427|[•·])\s*$")
_DASHED_NAME: Final = re.compile(
    r"\s*[-–—~]\s?(?:[^\W\d_][\w.'’-]{0,30})(?: [^\W\d_][\w.'’-]{0,30}){0,3}\s*$"
)


def is_mark(line: str) -> bool:
    """The signature mark `-- `, with or without its space."""
    return line[:2] == "--" and _MARK.match(line) is not None


def is_lone_dash(line: str) -> bool:
    """A line that is one long dash: a signature mark for some, a divider for others."""
    return _LONE_DASH.match(line) is not None


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
    if not _LEGAL_START.match(paragraph):
        return False
    return sum(1 for pattern in _LEGAL if pattern.search(paragraph)) == len(_LEGAL)


def is_rule_only(line: str) -> bool:
    """Nothing but delimiter characters: worth nothing at the end of a text."""
    return _RULE_ONLY.match(line) is not None


def is_dashed_name(line: str) -> bool:
    """`-Ann Miller`: a name behind a dash, as some sign their mails to lists."""
    return _DASHED_NAME.match(line) is not None and len(line.strip()) <= 40
