"""The words with which mail clients of many languages set an old mail off from a new one.

Tables only; `gateway.mail.separator` says where and how they count. All are in lower case.
"""

from typing import Final

from gateway.mail.phrase import titles

ORIGINAL: Final = titles("""
    # English; German; French
    original message|original appointment|original email|original e-mail|original mail
    reply message|original|previous message|in reply to|quoted message|replied message
    ursprüngliche nachricht|originalnachricht|original-nachricht|original nachricht
    ursprüngliche mail|ursprüngliche e-mail|originalmail|antwort auf|message d'origine
    message d’origine|message original|message initial|courriel original|mail original
    message précédent|e-mail d'origine|e-mail d’origine
    # Spanish, Catalan, Italian, Portuguese, Romanian
    mensaje original|correo original|mensaje anterior|missatge original|messaggio originale
    messaggio originario|mail originale|mensagem original|e-mail original|mensagem anterior
    mesaj original|mesajul original|mesaj iniţial
    # Dutch, Danish, Swedish, Norwegian, Icelandic, Finnish, Baltic
    oorspronkelijk bericht|origineel bericht|oorspronkelijke bericht|oorspronkelijke e-mail
    oprindelig besked|oprindelig meddelelse|oprindelig mail|original meddelelse|original besked
    ursprungligt meddelande|originalmeddelande|ursprungligt brev|opprinnelig melding
    opprinnelig e-post|original melding|upprunaleg skilaboð|alkuperäinen viesti|alkup. viesti
    originalus laiškas|originalus pranešimas|oriģinālais ziņojums|sākotnējā ziņa|algne kiri
    # Polish, Czech, Slovak, Hungarian, Slovene, Croatian, Serbian
    oryginalna wiadomość|wiadomość oryginalna|wiadomość pierwotna|treść oryginalnej wiadomości
    původní zpráva|původní e-mail|pôvodná správa|pôvodný e-mail|eredeti üzenet|eredeti levél
    izvirno sporočilo|izvorna poruka|originalna poruka|оригинална порука
    # Russian, Ukrainian, Bulgarian, Greek, Turkish
    исходное сообщение|исходное письмо|оригинальное сообщение|оригинал сообщения
    первоначальное сообщение|вихідне повідомлення|оригінальне повідомлення|оригинално съобщение
    αρχικό μήνυμα|özgün ileti|orijinal mesaj|orijinal ileti|orjinal mesaj
    # Asian, Hebrew, Arabic, Persian
    thư gốc|tin nhắn gốc|pesan asli|mesej asal|ข้อความต้นฉบับ|原始邮件|原始郵件|原邮件|原始信件
    原信|回复的原邮件|邮件原件|回复的邮件|元のメッセージ|オリジナルメッセージ|元のメール|원본 메시지
    원본 메일|원본 이메일|הודעה מקורית|ההודעה המקורית|الرسالة الأصلية|رسالة أصلية|پیام اصلی
""")
FORWARD: Final = titles("""
    forwarded message|begin forwarded message|forwarded email|forwarded mail|forwarded letter
    weitergeleitete nachricht|anfang der weitergeleiteten nachricht
    anfang der weitergeleiteten e-mail|weitergeleitete e-mail|weitergeleitete mail
    message transféré|message transmis|message réexpédié|début du message réexpédié
    début du message transféré|début du message transmis|mail transféré|courriel transféré
    mensaje reenviado|inicio del mensaje reenviado|correo reenviado|missatge reenviat
    messaggio inoltrato|inizio messaggio inoltrato|mensagem encaminhada|mensagem reencaminhada
    início da mensagem reencaminhada|início da mensagem encaminhada|doorgestuurd bericht
    begin doorgestuurd bericht|doorgestuurde e-mail|videresendt meddelelse|videresendt besked
    start på videresendt besked|videresendt melding|vidarebefordrat meddelande
    vidarebefordrat brev|vidarebefordrat mail|välitetty viesti|edelleenlähetetty viesti
    przekazana wiadomość|wiadomość przekazana|przesłana wiadomość|początek przekazanej wiadomości
    přeposlaná zpráva|preposlaná správa|továbbított üzenet|továbbított levél|mesaj redirecționat
    mesaj redirecţionat|proslijeđena poruka|пересылаемое сообщение|пересланное сообщение
    переадресованное сообщение|начало переадресованного сообщения|пересылаемое письмо
    пересланное письмо|пересилане повідомлення|переслане повідомлення|препратено съобщение
    προωθημένο μήνυμα|iletilen ileti|yönlendirilen mesaj|yönlendirilmiş ileti|iletilmiş ileti
    thư đã chuyển tiếp|pesan terusan|pesan yang diteruskan|转发的邮件|转发邮件|转发邮件信息
    轉寄的郵件|轉寄郵件|已转发邮件|開始轉寄郵件|开始转发邮件|下面是被转发的邮件|転送メッセージ
    転送されたメッセージ|전달된 메시지|전달된 메일|הודעה שהועברה|رسالة معاد توجيهها
    الرسالة المعاد توجيهها|پیام فوروارد شده
""")
FORWARD_STARTS: Final = ("forwarded by ", "weitergeleitet von ", "forwarded message from ")
UNDASHED_FORWARD_STARTS: Final = tuple(
    titles("""
    begin forwarded|anfang der weiter|début du message|inicio del mensaje|inizio mess
    início da mensagem|begin doorgestuurd|start på videre|vidarebefordrat|początek przek
    начало пере|開始轉寄|开始转发|下面是被转发|転送された
""")
)
REPLY_STARTS: Final = ("reply above", "please reply above", "or reply above", "respond above")
"""What help desks write between dashes where the answer shall stand above."""
HISTORY: Final = titles("""
    previous replies|previous conversation|previous message|previous messages|earlier messages
    conversation history|message history|ticket history|email history|frühere antworten
    mitteilungsverlauf|bisheriger verlauf|vorherige nachrichten|historique
    historique de la conversation|messages précédents|historial|historial de la conversación
    mensajes anteriores|storico|messaggi precedenti|histórico|mensagens anteriores
    eerdere berichten|история переписки|предыдущие сообщения
""")

_FIELDS: Final[dict[str, frozenset[str]]] = {
    "from": titles("""
        from|von|de|da|di|fra|från|van|od|lähettäjä|от|от кого|від|від кого|відправник|отправитель
        feladó|küldő|frá|de la|expéditeur|expedidor|remitente|remite|mittente|remetente|kimden
        gönderen|gonderen|από|αποστολέας|发件人|寄件者|寄件人|差出人|送信者|보낸 사람|보낸사람
        발신|từ|người gửi|dari|pengirim|จาก|מאת|من|saatja|odesílatel|odosielateľ|expeditor|nuo|no
        pošiljatelj|пошиљалац|подател|afsender|avsändare|avsender|absender|afzender|sender|nadawca
        ab|šalje
    """),
    "date": titles("""
        date|sent|sent on|sent at|date sent|datum|gesendet|gesendet am|envoyé|envoyé le
        date d'envoi|message du|date du message|fecha|enviado|enviado el|enviada el|enviado em
        enviada em|enviat|enviada|data|data wysłania|inviato|inviato il|data invio|dato|sendt
        dato sendt|skickat|skickat den|sänt|verzonden|verzonden op|verstuurd|wysłano|wysłane
        odesláno|odoslané|odoslaná|päiväys|päivämäärä|lähetetty|дата|отправлено|дата и время
        надіслано|изпратено|küldve|küldés ideje|dátum|elküldve|trimis|trimis la|gönderme tarihi
        gönderilme|gönderildi|tarih|ημερομηνία|στάλθηκε|αποστολή|日期|时间|发送时间|发送日期
        傳送日期|寄件日期|時間|送信日時|送信日|日時|日付|날짜|보낸 날짜|보낸날짜|sent date|đã gửi
        ngày|thời gian|tanggal|dikirim|terkirim|วันที่|ส่ง|תאריך|נשלח|التاريخ|تاريخ الإرسال
        تم الإرسال|saadetud|kuupäev|poslano|poslato|послато|time|išsiųsta|enviat el
    """),
    "to": titles("""
        to|an|à|a|para|per|per a|til|till|aan|do|komu|кому|до|vastaanottaja|címzett|către|kime|alıcı
        προς|παραλήπτης|收件人|收件者|宛先|받는 사람|받는사람|수신|pour|destinataire|destinatario
        destinatari|destinatário|đến|tới|người nhận|kepada|untuk|ถึง|אל|إلى|na|prima|за|empfänger
        ontvanger|modtager|mottagare|mottaker|адресат|получатель|recipient|recipients|adresat
        saaja|kam|kopie an
    """),
    "cc": titles("""
        cc|bcc|kopie|kopia|copie|copia|copie à|cópia|kopi|kópia|копия|копія|másolatot kap|抄送
        副本|참조|숨은참조|kopio|dw|bilgi|ccn|cco|κοιν|kopija|ук|kk|en copie
    """),
    "subject": titles("""
        subject|betreff|objet|sujet|asunto|assumpte|oggetto|assunto|emne|ämne|efni|onderwerp|temat
        předmět|predmet|aihe|тема|tárgy|subiect|konu|θέμα|主题|主旨|标题|件名|표제|제목|zadeva
        naslov|относно|предмет|chủ đề|tiêu đề|perihal|subjek|เรื่อง|נושא|الموضوع|teema|tēma|re
        title|titel|betr|tema
    """),
    "other": titles("""
        reply-to|reply to|antwort an|répondre à|responder a|responder para|rispondi a|odpowiedz do
        organization|importance|wichtigkeit|priorität|priority|prioridad|prioridade|priorité
        attachments|attachment|anlagen|anlage|anhänge|pièces jointes|allegati|adjuntos|anexos
        bijlagen|vedhæftede filer|bifogade filer|вложения|on behalf of|newsgroups|categories
        sensitivity|vertraulichkeit|flag|signed by|mailed-by|reply-to:|in-reply-to|message-id|list
        mailing list|security|x-mailer
    """),
}
FIELD_KINDS: Final = {word: kind for kind in reversed(_FIELDS) for word in _FIELDS[kind]}
"""Field names of all languages → what they name; a word of two meanings has the earlier one."""
