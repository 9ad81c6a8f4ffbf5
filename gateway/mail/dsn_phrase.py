"""The words by which mail servers are known that report failures in prose.

Collected from the servers and gateways of three decades; each phrase is one that a server begins
with, not one that people use when they complain about it.
"""

import re
from typing import Final

from gateway.mail.phrase import phrases, words

DAEMONS: Final = words("""
    mailer-daemon mailerdaemon mailer_daemon mail-daemon maildaemon mail.daemon mdaemon mmdf
    mailsystem mail-system mail-delivery-subsystem microsoftexchange
    microsoftexchange329e71ec88ae4615bbc36ab6ce41109e
""")
"""Local parts under which no person writes."""
POSTMASTERS: Final = words("postmaster post_master post-master poostmaster hostmaster mailadmin")
"""Local parts under which servers write, and people too."""
MACHINE_NAME: Final = phrases(r"""
    mail(?:er)?[ _-]?daemon|mail (?:deliver(?:y|er)?|transport|transfer) ?(?:sub)?(?:system|agent)
    ^mail (?:administrator|system)|^(?:the )?postmaster\b|^system administrator$|microsoft outlook$
    ^internet mail delivery|^mail delivery|delivery (?:sub)?system|^mailbox\b.*(?:full|daemon)
    ^courier mail server
    ^microsoft exchange|^interscan|^mail ?marshal|^symantec|^barracuda|^mail ?sweeper|^amavis
""")
MANAGERS: Final = re.compile(
    r"(?:^|[-_.])(?:admin|request|owner|bounces?|no-?reply|do-?not-?reply|daemon|majordomo|listserv"
    r"|ctl)$",
    re.IGNORECASE,
)
SUBJECT: Final = phrases(r"""
    undeliver(?:able|ed)|non-?deliver(?:y|able)|un-?deliverable
    deliver(?:y|ing) (?:status|fail|report|notif|error|problem|has failed|unsuccessful|incomplete)
    delivery (?:delayed|issue|notification|attempt)|delivery has (?:failed|been delayed)
    failure (?:notice|delivery|notification|report)|delivery failure|^failed mail|failed delivery
    returned (?:mail|e-?mail|message|to sender)|returning (?:message|mail)|return(?:ed)? to sender
    mail (?:delivery )?(?:failure|failed|error|system error|status|returned)|mail could not be
    message (?:status|could not be|not delivered|has not been delivered|delayed|undeliver|delivery)
    could(?: not|n't) be delivered|(?:was|were) not delivered|not (?:be )?delivered
    unable to (?:deliver|send)|sorry, your message|error sending your (?:mail|message)
    bounced? (?:mail|message|e-?mail)|^warning: (?:message|could not send|delayed)|delayed mail
    notice: mail|mail status report|^delayed:|rejected:|mail not delivered
    non[- ]?consegnat|zustellung fehl|\[?bounce\]?:?$|ndr:
    banned contents|virus .{0,60}in mail|considered unsolicited|^blocked: |user unknown
    unknown user|mailbox (?:is )?full|over quota|are not (?:a )?member
    # de, fr, es, it, pt
    unzustellbar|nicht zustellbar|zustell(?:ung|bericht)|rücksendung|fehler bei der zustellung
    non remis|échec (?:de|d['’])|non[- ]distribu|remise (?:impossible|retardée)
    n['’]a pas (?:pu être|été) (?:remis|délivré|distribué)|no se (?:puede|pudo|ha podido) entregar
    no entregado|error de entrega|fallo en la entrega|devuelto|mancato recapito|non recapitabil
    consegna (?:fallita|non riuscita)|impossibile recapitare|mancata consegna
    não (?:é possível entregar|entregue|pôde ser entregue)|falha na entrega|não entregáveis?
    # nl, sv, no, da, fi, pl, cs, hu, ro
    devolvid[ao]|onbestelbaar|niet (?:bezorgd|afgeleverd)|kan niet worden (?:bezorgd|afgeleverd)
    kunde inte levereras|kunne ikke leveres|kan inte levereras|uleverbar|ikke levert
    toimittaminen epäonnistui|toimittamaton|niedostarczon|nie dostarczono|nie można dostarczyć
    zwrot poczty|nedoručiteln|nedoručen|kézbesíthetetlen|nelivrabil
    # ru, uk, tr, el, zh, ja, ko
    недоставлен|не доставлен|не может быть доставлено|ошибка доставки|недоставк
    не може бути доставлен|teslim edilemedi|iletilemedi|δεν παραδόθηκε|退信|无法投递
    無法傳遞|無法投遞|系统退信|投递失败|未送达|配信不能|配信できません|配送エラー|送信できません|メールを配信|届きませんでした
    배달되지|전송 ?실패|반송
""")
REFUSAL: Final = phrases(r"""
    # qmail, Postfix, Exim, sendmail and their family
    this is the \S{1,40}(?: program| mail agent| mail server)? at
    i'm afraid i wasn't able to deliver
    this is the (?:postfix|mail system|mailer-daemon|james mail|dragonfly|\S{1,30} program at)
    i'm sorry to have to inform you|message was created automatically by (?:the )?(?:mail|smtp)
    message that you (?:have )?sent|the following address(?:\(es\)|es)? (?:had|failed|have)
    had (?:permanent fatal errors|delivery problems|fatal errors|transient non-fatal)
    transcript of session|unsent message (?:below|follows)|(?:original|this) message was received at
    # Exchange, Outlook, Domino, GroupWise, Notes
    did not reach (?:the following|some or all)|delivery has failed to (?:these|the following)
    was not delivered to|could(?:n't| not) be delivered(?: to|\.)|failure reasons
    your message (?:to|could not|couldn't|wasn't|was not|has been (?:rejected|blocked)|was rejected)
    your message (?:did not reach|cannot be|can't be|was automatically rejected|is being returned)
    your message (?:sent on|has not been|\S{0,40} (?:could not|couldn't) be delivered)
    undeliverable (?:message|mail|recipient)|not listed in domino|your mail sent on:
    the following recipients?(?: of your message)?(?:\(s\))? (?:were|was|could|cannot|did|have|has)
    delivery to the following recipients?(?:\(s\))? (?:failed|has|was|have)
    delivery of (?:e-?mail|mail|(?:the |your )?message)[^.\n]{0,60}(?:has failed|failed|delayed|to)
    # Google, Yahoo, AOL, Apple, Zoho, Amazon and others
    (?:we|i)(?: were| was| are|'re|'m| am)? unable to deliver
    unable to deliver (?:message|your|mail|the)|there was an error (?:delivering|sending)
    an error (?:has )?occurred (?:while|when) (?:attempting|trying) to deliver
    we had trouble delivering|message (?:wasn't|not|blocked|rejected)|address not found
    group you tried to contact|recipients? (?:was|were) rejected by
    rejected (?:recipient|by the recipient)|technical details of (?:permanent|temporary)
    delivery (?:incomplete|failed|to this|attempts? (?:have|has|will))
    mail (?:delivery|transport|transfer) (?:failed|unsuccessful|system error)
    has not (?:yet )?been delivered|(?:message|e-?mail|mail) could not be (?:delivered|sent)
    message is delayed|failed to deliver|returned to sender|has been returned|is being returned
    giving up after
    # firewalls, gateways, lists
    message from interscan|unknown user:|user mailbox exceeds|invalid final delivery
    no valid recipients|failed addresses follow|message log follows|each of the following recipients
    not a member of this mailing list|this user doesn't have|sent <<< rcpt|received >>> 5
    undeliverable address|was undeliverable|did not receive a copy of your message
    list of failed recipients|e-?mail below could not be delivered|unrouteable|invalid recipient
    recipient(?:'s)? (?:mailbox|address) (?:is full|rejected|unknown)|reporting-mta:
    the user(?:\(s\))? account|no such user|user unknown
    mailbox (?:is )?(?:full|unavailable|disabled)|over ?quota
    # other languages
    konnte(?:n)? nicht (?:zugestellt|übermittelt)|nicht zugestellt werden
    fehler bei der (?:nachrichten)?zustellung|unzustellbar|impossible de remettre
    n['’]a (?:pas )?(?:pu|été) (?:pas )?(?:être )?(?:remis|délivré|distribué)|échec de la remise
    no se (?:ha podido|pudo|puede) entregar|no (?:ha sido|fue) entregado|error al entregar
    non (?:è stato possibile|può essere|è stato) (?:consegnare|recapitat|consegnat)
    impossibile (?:consegnare|recapitare)
    não (?:foi|pôde ser|pode ser) (?:possível entregar|entregue)
    kan niet worden (?:bezorgd|afgeleverd)|niet worden bezorgd|не может быть доставлено
    не (?:было|был) доставлен|не удалось доставить|невозможно доставить
    nie (?:została|mogła) (?:zostać )?dostarczon|送信できませんでした|配信できませんでした
    失敗しました|存在しないか|届けることができません|お届けできません|无法(?:投递|送达|发送)
    無法(?:投遞|傳遞|送達|張貼)|投递失败|退信
""")
LISTS: Final = phrases("not a member of this mailing list|you are not (?:a )?(?:member|subscribed)")
"""How a list manager refuses."""
DELAY: Final = phrases(r"""
    has been delayed|is delayed|warning message only|has not yet been delivered
    not yet been delivered|temporary failure report|will (?:be retried|keep trying|continue|retry)
    do not need to (?:resend|re-send)|delay reason|delivery delayed|still being retried
    transient non-fatal|noch nicht zugestellt|verzögert|en attente de remise|retardée|retrasad
    задержан|まだ配信
""")
DELIVERED: Final = phrases(
    "successfully (?:delivered|relayed)|has been delivered to|erfolgreich zugestellt"
)
_ENCLOSED: Final = phrases(
    r"""
    below this line is a copy|this is a copy of (?:the|your) message
    original message(?: (?:follows|header))?\b|message headers? follow
    unsent message (?:below|follows)|returned (?:mail|message|headers)|included is a copy
    the header of the original message|message (?:text|header|body) follows|enclosed is a copy
    a copy of (?:the|your) (?:original )?message|original mail|copy of the original
    below is a copy of the original|the (?:attachment contains|first \d+ lines of your original)
    message returned|(?:start|begin)(?:ning)? of (?:original|returned) message|original
    元のメッセージ
    """,
    before=r"[-_=*>|\s]{0,80}",
)
_ENCLOSED_FIELD: Final = phrases(
    "Received: ?(?:from|by|\\()|Return-Path: ?<|DKIM-Signature: |X-Google-Smtp-Source: "
)
_MARKED_LINE: Final = phrases(
    r"[-=*_|>]{2,}|below|included|original|the (?:header|first|attachment)|message headers?",
    before=r"\s{0,20}",
)


def is_enclosed_mark(line: str) -> bool:
    """Whether the enclosed mail begins at a line of a report's text."""
    if _ENCLOSED_FIELD.match(line):
        return True
    return (
        len(line) < 200
        and _MARKED_LINE.match(line) is not None
        and _ENCLOSED.match(line) is not None
    )
