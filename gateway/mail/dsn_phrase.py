"""The words by which mail servers are known that report failures in prose.

Collected from the servers and gateways of three decades; each phrase is one that a server begins
with, not one that people use when they complain about it.
"""

import re
from typing import Final

MACHINES: Final = frozenset(
    "mailer-daemon mailerdaemon mailer_daemon mail-daemon maildaemon mail.daemon mdaemon postmaster"
    " post_master post-master poostmaster mailsystem mail-system mmdf mail-delivery-subsystem"
    " microsoftexchange microsoftexchange329e71ec88ae4615bbc36ab6ce41109e mailer daemon"
    " system_administrator delivery mail.delivery bounce bounces".split()
)
MACHINE_NAME: Final = re.compile(
    r"mail(?:er)?[ _-]?daemon|mail (?:deliver(?:y|er)?|transport|transfer) ?(?:sub)?(?:system|agent)"
    r"|^mail (?:administrator|system)|^(?:the )?postmaster\b|^system administrator$|microsoft outlook$"
    r"|^internet mail delivery|^mail delivery|delivery (?:sub)?system|^mailbox\b.*(?:full|daemon)"
    r"|^microsoft exchange|^interscan|^mail ?marshal|^symantec|^barracuda|^mail ?sweeper|^amavis",
    re.IGNORECASE,
)
MANAGERS: Final = re.compile(
    r"(?:^|[-_.])(?:admin|request|owner|bounces?|no-?reply|do-?not-?reply|daemon|majordomo|listserv|ctl)$",
    re.IGNORECASE,
)
SUBJECT: Final = re.compile(
    r"undeliver(?:able|ed)|non-?deliver(?:y|able)|un-?deliverable"
    r"|(?:mail|message|e-?mail|permanent|final|your message)? ?deliver(?:y|ing) (?:status|fail|report|notif"
    r"|error|problem|has failed|unsuccessful|incomplete|delayed|issue)"
    r"|failure (?:notice|delivery|notification|report)|delivery failure|^failed mail|failed delivery"
    r"|returned (?:mail|e-?mail|message|to sender)|returning (?:message|mail)|return(?:ed)? to sender"
    r"|mail (?:delivery )?(?:failure|failed|error|system error|status|returned)|mail could not be"
    r"|message (?:status|could not be|not delivered|has not been delivered|delayed|undeliver|delivery)"
    r"|could(?: not|n't) be delivered|(?:was|were) not delivered|not (?:be )?delivered"
    r"|unable to (?:deliver|send)|sorry, your message|error sending your (?:mail|message)|bounced? (?:mail|message|e-?mail)"
    r"|delivery (?:notification|attempt)|(?:^warning: (?:message|could not send|delayed))|delayed mail"
    r"|notice: mail|mail status report|rejected:|delivery has (?:failed|been delayed)|mail not delivered"
    r"|\[?bounce\]?:?$|banned contents|virus .{0,60}in mail|considered unsolicited|blocked: "
    r"|undelivered|ndr:|user unknown|unknown user|mailbox (?:is )?full|over quota"
    r"|unzustellbar|nicht zustellbar|zustell(?:ung|bericht)|unzustellbarkeit|rücksendung|fehler bei der zustellung"
    r"|non remis|échec (?:de|d['’])|non[- ]distribu|remise (?:impossible|retardée)|n['’]a pas (?:pu être|été) (?:remis|délivré|distribué)"
    r"|no se (?:puede|pudo|ha podido) entregar|no entregado|error de entrega|fallo en la entrega|devuelto"
    r"|mancato recapito|non recapitabil|consegna (?:fallita|non riuscita)|impossibile recapitare|mancata consegna"
    r"|não (?:é possível entregar|entregue|pôde ser entregue)|falha na entrega|não entregáveis?|devolvid[ao]"
    r"|onbestelbaar|niet (?:bezorgd|afgeleverd)|kan niet worden (?:bezorgd|afgeleverd)|kunde inte levereras"
    r"|kunne ikke leveres|kan inte levereras|uleverbar|ikke levert|toimittaminen epäonnistui|toimittamaton"
    r"|niedostarczon|nie dostarczono|nie można dostarczyć|zwrot poczty|nedoručiteln|nedoručen|kézbesíthetetlen"
    r"|nelivrabil|недоставлен|не доставлен|не может быть доставлено|ошибка доставки|недоставк|не може бути доставлен"
    r"|teslim edilemedi|iletilemedi|δεν παραδόθηκε|退信|无法投递|無法傳遞|無法投遞|系统退信|投递失败|未送达|配信不能"
    r"|配信できません|配送エラー|送信できません|メールを配信|届きませんでした|배달되지|전송 ?실패|반송",
    re.IGNORECASE,
)
REFUSAL: Final = re.compile(
    # qmail, Postfix, Exim, sendmail and their family
    r"this is the \S{1,40}(?: program| mail agent| mail server)? (?:program )?at |i'm afraid i wasn't able to deliver"
    r"|this is the (?:postfix|mail system|mailer-daemon|james mail|dragonfly)|i'm sorry to have to inform you"
    r"|this message was created automatically by (?:the )?(?:mail|smtp)|message that you (?:have )?sent"
    r"|the following address(?:\(es\)|es)? (?:had|failed|have)|had (?:permanent fatal errors|delivery problems|fatal errors"
    r"|transient non-fatal)|transcript of session|unsent message (?:below|follows)|(?:original|this) message was received at"
    # Exchange, Outlook, Domino, GroupWise, Notes
    r"|did not reach (?:the following|some or all)|delivery has failed to (?:these|the following)|was not delivered to"
    r"|your message (?:to|could not|couldn't|wasn't|has been (?:rejected|blocked)|did not reach|cannot be|can't be|was not|was rejected"
    r"|was automatically rejected|sent on|has not been|is being returned|\S{0,40} (?:could not|couldn't) be delivered)"
    r"|could(?:n't| not) be delivered(?: to|\.)|failure reasons|undeliverable (?:message|mail|recipient)"
    r"|the following recipients?(?: of your message)?(?:\(s\))? (?:were|was|could|cannot|did|have|has)"
    r"|delivery to the following recipients?(?:\(s\))? (?:failed|has|was|have)|not listed in domino"
    r"|your mail sent on:|delivery of (?:email|e-mail|mail|the message|your message|message)[^.\n]{0,60}(?:has failed|failed|delayed|to)"
    # Google, Yahoo, AOL, Apple, Zoho, Amazon and others
    r"|(?:we|i)(?: were| was| are|'re|'m| am)? unable to deliver|unable to deliver (?:message|your|mail|the)|there was an error (?:delivering|sending)"
    r"|an error (?:has )?occurred (?:while|when) (?:attempting|trying) to deliver|we had trouble delivering|message (?:wasn't|not|blocked|rejected)"
    r"|address not found|group you tried to contact|recipients? (?:was|were) rejected by|rejected (?:recipient|by the recipient)"
    r"|technical details of (?:permanent|temporary)|delivery (?:incomplete|failed|to this|attempts? (?:have|has|will))"
    r"|mail (?:delivery|transport|transfer) (?:failed|unsuccessful|system error)|has not (?:yet )?been delivered"
    r"|message could not be (?:delivered|sent)|mail could not be (?:delivered|sent)|email could not be (?:delivered|sent)"
    r"|message is delayed|failed to deliver|returned to sender|has been returned|is being returned|giving up after"
    # firewalls, gateways, lists
    r"|message from interscan|unknown user:|user mailbox exceeds|invalid final delivery|no valid recipients|failed addresses follow"
    r"|message log follows|each of the following recipients|not a member of this mailing list|this user doesn't have"
    r"|sent <<< rcpt|received >>> 5|recipient(?:'s)? (?:mailbox|address) (?:is full|rejected|unknown)|reporting-mta:"
    r"|the user(?:\(s\))? account|no such user|user unknown|mailbox (?:is )?(?:full|unavailable|disabled)|over ?quota"
    # other languages
    r"|konnte(?:n)? nicht (?:zugestellt|übermittelt)|nicht zugestellt werden|fehler bei der (?:nachrichten)?zustellung|unzustellbar"
    r"|n['’]a (?:pas )?(?:pu|été) (?:pas )?(?:être )?(?:remis|délivré|distribué)|échec de la remise|impossible de remettre"
    r"|no se (?:ha podido|pudo|puede) entregar|no (?:ha sido|fue) entregado|error al entregar"
    r"|non (?:è stato possibile|può essere|è stato) (?:consegnare|recapitat|consegnat)|impossibile (?:consegnare|recapitare)"
    r"|não (?:foi|pôde ser|pode ser) (?:possível entregar|entregue)|kan niet worden (?:bezorgd|afgeleverd)|niet worden bezorgd"
    r"|не может быть доставлено|не (?:было|был) доставлен|не удалось доставить|невозможно доставить|nie (?:została|mogła) (?:zostać )?dostarczon"
    r"|送信できませんでした|配信できませんでした|失敗しました|存在しないか|届けることができません|お届けできません|无法(?:投递|送达|发送)|無法(?:投遞|傳遞|送達|張貼)|投递失败|退信",
    re.IGNORECASE,
)
DELAY: Final = re.compile(
    r"has been delayed|is delayed|warning message only|has not yet been delivered|not yet been delivered"
    r"|temporary failure report|will (?:be retried|keep trying|continue|retry)|do not need to (?:resend|re-send)"
    r"|delay reason|delivery delayed|still being retried|transient non-fatal|could not be delivered for \d+ \w+\W+will"
    r"|noch nicht zugestellt|verzögert|en attente de remise|retardée|retrasad|задержан|まだ配信",
    re.IGNORECASE,
)
DELIVERED: Final = re.compile(
    r"successfully (?:delivered|relayed)|was delivered to|has been delivered to|erfolgreich zugestellt",
    re.IGNORECASE,
)
ENCLOSED: Final = re.compile(
    r"[-_=*>|\s]*(?:below this line is a copy|this is a copy of (?:the|your) message|original message(?: (?:follows|header))?\b"
    r"|message headers? follow|unsent message (?:below|follows)|returned message|included is a copy"
    r"|the header of the original message|message (?:text|header|body) follows|enclosed is a copy"
    r"|a copy of (?:the|your) (?:original )?message|original mail|copy of the original|below is a copy of the original"
    r"|the (?:attachment contains|first \d+ lines of your original)|returned (?:mail|message|headers)"
    r"|message returned|(?:start|begin)(?:ning)? of (?:original|returned) message|nachfolgend|元のメッセージ|original)",
    re.IGNORECASE,
)
_ENCLOSED_FIELD: Final = re.compile(
    r"(?:Received: ?(?:from|by|\()|Return-Path: ?<|DKIM-Signature: |X-Google-Smtp-Source: |Received:from )",
    re.IGNORECASE,
)
_MARKED_LINE: Final = re.compile(
    r"\s*(?:[-=*_|>]{2,}|below|included|original|the (?:header|first|attachment)|message headers?)",
    re.IGNORECASE,
)


def is_enclosed_mark(line: str) -> bool:
    """Whether the enclosed mail begins at a line of a report's text."""
    if _ENCLOSED_FIELD.match(line):
        return True
    return (
        len(line) < 200
        and _MARKED_LINE.match(line) is not None
        and ENCLOSED.match(line) is not None
    )
