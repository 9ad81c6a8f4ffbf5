"""Recognise the lines with which clients set an old mail off from a new one.

`-----Original Message-----`, blocks of `From: … Sent: … Subject: …` and the line of underscores,
in the languages of the tables; and our own line `##- Reply above this line -##`.
"""

import re
from typing import Final, NamedTuple

from gateway.mail.clean import clean_line

REPLY_LINE: Final = "##- Reply above this line -##"
_REPLY_LINE: Final = re.compile(r"#{1,2}\s?-\s*reply above this line\s*-\s?#{1,2}", re.IGNORECASE)

_ORIGINAL: Final = (
    "original message|original appointment|reply message|original email|original mail"
    "|ursprüngliche nachricht|originalnachricht|original-nachricht|ursprüngliche mail"
    "|message d'origine|message d’origine|message original|message initial|courriel original"
    "|mensaje original|correo original|messaggio originale|mensagem original|missatge original"
    "|oorspronkelijk bericht|origineel bericht|oorspronkelijke bericht"
    "|oprindelig besked|oprindelig meddelelse|oprindelig mail|original meddelelse"
    "|ursprungligt meddelande|originalmeddelande|opprinnelig melding|opprinnelig e-post"
    "|original melding|alkuperäinen viesti|alkup. viesti|upprunaleg skilaboð"
    "|oryginalna wiadomość|wiadomość oryginalna|původní zpráva|původní e-mail|pôvodná správa"
    "|eredeti üzenet|mesaj original|mesajul original|izvirno sporočilo|izvorna poruka"
    "|originalna poruka|оригинална порука|originalus laiškas|oriģinālais ziņojums|algne kiri"
    "|исходное сообщение|исходное письмо|оригинальное сообщение|оригинал сообщения"
    "|оригінальне повідомлення|вихідне повідомлення|оригинално съобщение"
    "|αρχικό μήνυμα|özgün ileti|orijinal mesaj|orijinal ileti|thư gốc|tin nhắn gốc"
    "|pesan asli|mesej asal|ข้อความต้นฉบับ|原始邮件|原始郵件|原邮件|原始信件|回复的原邮件"
    "|元のメッセージ|オリジナルメッセージ|original message 原文|원본 메시지|원본 메일"
    "|הודעה מקורית|الرسالة الأصلية|رسالة أصلية|پیام اصلی|original|previous message"
)
_FORWARD: Final = (
    "forwarded message|begin forwarded message|forwarded by .{0,60}|forwarded email"
    "|weitergeleitete nachricht|anfang der weitergeleiteten (?:nachricht|e-mail)"
    "|weitergeleitet von .{0,60}|message transféré|message transmis|message réexpédié"
    "|début du message (?:réexpédié|transféré|transmis)|mensaje reenviado"
    "|inicio del mensaje reenviado|messaggio inoltrato|inizio messaggio inoltrato"
    "|mensagem encaminhada|mensagem reencaminhada|início da mensagem (?:re)?encaminhada"
    "|missatge reenviat|doorgestuurd bericht|begin doorgestuurd bericht|videresendt meddelelse"
    "|videresendt besked|start på videresendt besked|vidarebefordrat meddelande"
    "|vidarebefordrat brev|videresendt melding|välitetty viesti|edelleenlähetetty viesti"
    "|przekazana wiadomość|wiadomość przekazana|początek przekazanej wiadomości"
    "|přeposlaná zpráva|preposlaná správa|továbbított üzenet|továbbított levél|mesaj redirecționat"
    "|пересылаемое сообщение|пересланное сообщение|переадресованное сообщение"
    "|начало переадресованного сообщения|пересилане повідомлення|переслане повідомлення"
    "|препратено съобщение|προωθημένο μήνυμα|iletilen ileti|yönlendirilen mesaj|yönlendirilmiş ileti"
    "|thư đã chuyển tiếp|pesan terusan|pesan yang diteruskan|转发的邮件|转发邮件|轉寄的郵件"
    "|轉寄郵件|已转发邮件|転送メッセージ|転送されたメッセージ|전달된 메시지|전달된 메일"
    "|הודעה שהועברה|رسالة معاد توجيهها|الرسالة المعاد توجيهها"
)
_DASHED: Final = re.compile(
    r"[>\s*]{0,12}[-_=~*—–•]{2,60}\s*\**\s*(?:(?P<original>"
    + _ORIGINAL
    + r")|(?P<forward>"
    + _FORWARD
    + r"))\s*[:：]?\s*\**\s*[-_=~*—–•]{0,60}\s*$",
    re.IGNORECASE,
)
_UNDASHED_FORWARD: Final = re.compile(
    r"[>\s]{0,12}(?:begin forwarded message|anfang der weitergeleiteten (?:nachricht|e-mail)"
    r"|début du message (?:réexpédié|transféré|transmis)|inicio del mensaje reenviado"
    r"|inizio messaggio inoltrato|início da mensagem (?:re)?encaminhada|begin doorgestuurd bericht"
    r"|start på videresendt besked|vidarebefordrat brev|początek przekazanej wiadomości"
    r"|начало переадресованного сообщения|開始轉寄郵件|开始转发邮件|下面是被转发的邮件"
    r"|転送されたメッセージ)\s*[:：]\s*$",
    re.IGNORECASE,
)
_HISTORY: Final = re.compile(
    r"[>\s]{0,12}[*_]{0,2}(?:previous replies|previous conversation|previous messages?"
    r"|conversation history|message history|ticket history|frühere antworten|mitteilungsverlauf"
    r"|historique|история переписки)[*_]{0,2}\s*:?\s*$",
    re.IGNORECASE,
)
_RULE: Final = re.compile(r"\s*[-_=~*—–]{3,}\s*$")
_UNDERSCORES: Final = re.compile(r"\s*_{20,}\s*$")

_KEYS: Final[dict[str, str]] = {
    "from": (
        "from von de da fra från van od lähettäjä от кого от відправник від feladó de la från: od koho"
        " nadawca expéditeur remitente mittente remetente kimden gönderen από 发件人 寄件者 寄件人"
        " 差出人 送信者 보낸 사람|보낸사람|от кого|від кого|de la|από τον|từ|dari|จาก|מאת|من|saatja"
        "|odesílatel|odosielateľ|expeditor|feladó|nuo|no|pošiljatelj|пошиљалац|afsender|avsändare"
        "|отправитель|absender|afzender|sender"
    ),
    "date": (
        "date sent datum gesendet envoyé fecha enviado data inviato dato sendt skickat verzonden"
        " wysłano odesláno odoslané päiväys lähetetty дата отправлено надіслано küldve dátum trimis"
        " gönderilme tarih ημερομηνία στάλθηκε 日期 发送时间 傳送日期 寄件日期 送信日時 日時 날짜"
        "|envoyé le|enviado el|enviado em|enviada em|enviada el|data wysłania|gesendet am"
        "|dato sendt|отправлено|дата и время|发送日期|보낸 날짜|보낸날짜|đã gửi|ngày|tanggal|dikirim"
        "|วันที่|ส่ง|תאריך|נשלח|التاريخ|تاريخ الإرسال|saadetud|poslano|odoslané|gönderme tarihi"
        "|sent on|sent at|date sent|message du|date du message|verstuurd|thời gian|time"
    ),
    "to": (
        "to an à a para til till aan do komu кому vastaanottaja címzett către kime alıcı προς 收件人"
        " 收件者 宛先 받는 사람|받는사람|pour|destinataire|destinatario|destinatário|đến|kepada|ถึง|אל"
        "|إلى|na|prima|за|до|per|empfänger|ontvanger|till|адресат|получатель"
    ),
    "cc": (
        "cc bcc kopie kopia copie copia cópia kopi kópia копия копія másolatot kopi: 抄送 副本 참조"
        " kopio dw bilgi ccn cco"
    ),
    "subject": (
        "subject betreff objet asunto oggetto assunto emne ämne onderwerp temat předmět predmet aihe"
        " тема tárgy subiect konu θέμα 主题 主旨 件名 제목 assumpte zadeva относно tema chủ đề|chủ đề"
        "|perihal|subjek|เรื่อง|נושא|الموضوع|teema|tēma|sujet|re"
    ),
    "other": (
        "reply-to antwort an|antwort an|organization importance wichtigkeit priority attachments"
        " anlagen anhänge pièces jointes|répondre à|responder a|prioridad|priorität|on behalf of"
        "|odpowiedz do|reply to|anlage|attachment|allegati|adjuntos|anexos|bijlagen|вложения|newsgroups"
    ),
}


def _keys() -> dict[str, str]:
    """Field names of all languages → what they name; `|` sets phrases with spaces apart."""
    kinds: dict[str, str] = {}
    for kind, words in _KEYS.items():
        first, *phrases = words.split("|")
        for word in [*first.split(), *phrases]:
            kinds.setdefault(word.strip(": ").lower(), kind)
    return kinds


FIELD_KINDS: Final = _keys()
_FIELD: Final = re.compile(
    r"[>\s]{0,12}[*_]{0,2}([^\s:：*_>][^:：*>]{0,24}?)\s?[*_]{0,2}\s?[:：]\**\s*(.*)$"
)
_DATE: Final = re.compile(r"\d{4}|\d{1,2}[:.h]\d{2}|\d{1,2}[./-]\d{1,2}|today|heute")
_ADDRESS: Final = re.compile(r"@[\w.-]{2,}")
_BLOCK_LINES_MAX: Final = 24


class Block(NamedTuple):
    """A block of header fields within a text: its end (the first line behind it)."""

    end: int
    kinds: frozenset[str]


def is_reply_line(line: str) -> bool:
    """Whether a line is, or contains, our own mark above the quoted part, mangled or not."""
    return "eply above this line" in line and _REPLY_LINE.search(clean_line(line)) is not None


def is_original(line: str) -> bool:
    """`-----Original Message-----` and its translations."""
    found = _DASHED.match(line) if _could_be_dashed(line) else None
    return found is not None and found["original"] is not None


def is_forward(line: str) -> bool:
    """`---------- Forwarded message ---------`, `Begin forwarded message:` and translations."""
    if _could_be_dashed(line):
        found = _DASHED.match(line)
        return found is not None and found["forward"] is not None
    return line.rstrip()[-1:] in (":", "：") and _UNDASHED_FORWARD.match(line) is not None


def _could_be_dashed(line: str) -> bool:
    return line.lstrip("> \t*")[:1] in tuple("-_=~*—–•") and len(line) < 200  # noqa: PLR2004 - a line


def is_history(line: str) -> bool:
    """A heading that forum and help desk notifications set over older messages."""
    return len(line) < 60 and _HISTORY.match(line) is not None  # noqa: PLR2004 - a heading


def is_rule(line: str) -> bool:
    """A line that is only dashes, underscores or the like."""
    return _RULE.match(line) is not None


def is_underscores(line: str) -> bool:
    """Twenty underscores or more: Outlook's divider, and the footer of mailing lists."""
    return _UNDERSCORES.match(line) is not None


def field_kind(line: str) -> tuple[str, str] | None:
    """What a line like `Sent: today` names, and its value; `None` for other lines."""
    if ":" not in line[:40] and "：" not in line[:40]:
        return None
    found = _FIELD.match(line)
    if found is None:
        return None
    kind = FIELD_KINDS.get(found[1].strip().lower())
    return (kind, found[2]) if kind else None


def block_at(lines: list[str], at: int) -> Block | None:
    """The block of header fields that begins at a line, if enough of one stands there.

    Three different fields are enough; two only if they are a sender or date with a real value:
    people write `From: … To: …` about journeys too.
    """
    kinds: dict[str, str] = {}
    end = at
    gap = 0
    for number in range(at, min(len(lines), at + _BLOCK_LINES_MAX)):
        line = lines[number]
        if not line.strip(" >\t*"):
            gap += 1
            if gap > 1:
                break
            continue
        found = field_kind(line)
        if found is None:
            if gap or not kinds or not _continues(lines, number):
                break
            continue
        if gap and found[0] in kinds:
            break
        kinds.setdefault(*found)
        gap = 0
        end = number + 1
    if not _is_block(kinds):
        return None
    return Block(end, frozenset(kinds))


def _continues(lines: list[str], at: int) -> bool:
    """Whether a line that is no field only wraps one: a field follows within two lines."""
    return any(field_kind(line) is not None for line in lines[at + 1 : at + 3])


def _is_block(kinds: dict[str, str]) -> bool:
    named = kinds.keys() - {"other"}
    if not named & {"from", "date"}:
        return False
    if len(named - {"cc"}) >= 3:  # noqa: PLR2004 - said above
        return True
    if len(named) < 2:  # noqa: PLR2004 - said above
        return False
    dated = _DATE.search(kinds.get("date", "").lower()) is not None
    addressed = _ADDRESS.search(kinds.get("from", "") + kinds.get("to", "")) is not None
    return dated and addressed
