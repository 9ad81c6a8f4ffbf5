"""The closed lists of words that customers command with, per language (policy 5.4, rule M12).

All of it is case-folded and compared after `gateway.desk.commands.plain`. A phrase stands for a
whole line: nothing here is searched for inside prose, except `CONFIRM_STEMS`, which makes us ask.
"""

import re
from types import MappingProxyType
from typing import Final

_YES: Final = r"(?:(?:yes|да|ja|oui|s[ií]|sì|sim|tak|ano|так|evet|是的?|はい)[,、，]?\s*)?"
_WHAT: Final = (
    r"(?: (?:the |this )?(?:assessment|cost|price|charge|estimate)"
    r"| (?:стоимость|оценку|цену)"
    r"| (?:den preis|die kosten|die schätzung|die einschätzung)"
    r"| (?:le prix|le coût|l'estimation)"
    r"| (?:el precio|el coste|el costo|la estimación|o preço|o custo|il prezzo|il costo)"
    r"| (?:cenę|koszt|cenu|cenu odhadu|ціну|вартість|de prijs|de kosten))?"
)
_WHICH: Final = r"(?: a(?P<label>\d{1,6}))?(?:(?: for)? (?P<credits>\d{1,9}) credits?)?"

CONFIRM: Final = re.compile(
    _YES + r"(?:(?:i |we )?(?:hereby )?confirm(?:ed)?"
    r"|(?:я |мы )?подтвержда(?:ю|ем)|подтверждено"
    r"|(?:ich |wir )?bestätigen?|(?:ich )?bestätige hiermit|bestätigt"
    r"|(?:je |nous )?confirm(?:e|ons)|confirmé"
    r"|(?:yo |eu )?confirmo|confirmad[oa]|confirmamos"
    r"|confermo|confermiamo|confermato"
    r"|potwierdza[mc]y?|potwierdzone"
    r"|potvrzuj(?:i|eme)|potvrzeno"
    r"|(?:я )?підтверджу(?:ю|ємо)|підтверджено"
    r"|(?:ik |wij )?bevestigd?|ik bevestig|wij bevestigen"
    r"|onaylıyorum|onaylıyoruz|onaylandı"
    r"|(?:我)?确认|承認します|確認しました)" + _WHAT + _WHICH
)
CONFIRM_SYNONYMS: Final = re.compile(
    _YES + r"(?:(?:i |we )?(?:hereby )?(?:agreed?|accept(?:ed)?|approved?)(?: to)?"
    r"|(?:я )?соглас(?:ен|на)|(?:мы )?согласны|(?:ich bin |wir sind )?einverstanden"
    r"|akkoord|d'accord|de acuerdo|d'accordo|zgadzam się|souhlasím|同意(?:します)?)"
    + _WHAT
    + _WHICH
)
DECLINE: Final = re.compile(
    r"(?:(?:no|нет|nein|non|nie|ne|ні|nee|hayır)[,，]?\s*)?"
    r"(?:(?:i |we )?(?:decline|reject|refuse)d?"
    r"|(?:я |мы )?(?:отклоня(?:ю|ем)|отказыва(?:юсь|емся))|отклонено"
    r"|(?:ich lehne|wir lehnen) ab|abgelehnt"
    r"|je refuse|nous refusons|refusé"
    r"|rechazo|rechazamos|rechazado|recuso|rifiuto|rifiutiamo|rifiutato"
    r"|odrzucam|odmawiam|odmítám|відхиляю|відмовляюся|ik wijs af|afgewezen|reddediyorum"
    r"|拒绝|我拒绝|拒否します)" + _WHAT + r"(?: a\d{1,6})?"
)
_SIZE: Final = r"\s+([-+]?\d[\d.,]{0,17})"
# In other languages the noun belongs to it: "заказать 5" may be about the customer's own shop.
BUY: Final = (
    re.compile(rf"(?:buy|purchase|order){_SIZE}(?:\s+credits?)?"),
    re.compile(rf"(?:ich )?(?:kaufen?|bestellen?){_SIZE} credits?"),
    re.compile(rf"credits kaufen:?{_SIZE}"),
    re.compile(rf"(?:comprar?|compro|pedir|pido){_SIZE} cr[eé]ditos?"),
    re.compile(rf"(?:acheter|j'achète|commander|je commande){_SIZE} cr[eé]dits?"),
    re.compile(rf"(?:купить|куплю|заказать|заказываю){_SIZE} кредит(?:а|ов)?"),
)
NEW_TICKET: Final = re.compile(
    r"(?:new (?:ticket|question|issue)|neues ticket|новый тикет|nuevo ticket|nouveau ticket)\s*:.*"
)

_HOTRUSH: Final = ("hotrush", "hot rush", "hot-rush", "hotrrush")
_NO_HOTRUSH: Final = (
    *("{} aus", "kein {}", "{} zurücknehmen", "{} zurückziehen", "{} stornieren"),
    *("sin {}", "retirar {}", "retiro {}", "quitar {}", "cancelar {}", "anular {}"),
    *("sans {}", "pas de {}", "annuler {}", "retirer {}"),
    *("без {}", "отменить {}", "отменяю {}", "снять {}", "убрать {}"),
)
_CLOSE: Final = (
    *("ticket schließen", "das ticket schließen", "schließen sie das ticket"),
    *("cerrar caso", "cerrar el caso", "cierre el caso", "cierren el caso"),
    *("fermer la demande", "clore la demande", "fermez la demande", "fermer le ticket"),
    *("закрыть обращение", "закройте обращение", "закрыть тикет", "закройте тикет"),
)
_REOPEN: Final = (
    *("ticket wieder öffnen", "das ticket wieder öffnen"),
    *("reabrir caso", "reabrir el caso", "reabra el caso"),
    *("rouvrir la demande", "rouvrez la demande", "rouvrir le ticket"),
    *("открыть обращение снова", "снова открыть обращение", "возобновить обращение"),
)
_BALANCE: Final = ("mein guthaben", "mi saldo", "mon solde", "мой баланс")
_OFF: Final = tuple(
    f"{verb} {article}{word}{request}"
    for word in _HOTRUSH
    for verb in ("withdraw", "cancel", "remove", "unset", "drop")
    for article in ("", "the ", "my ")
    for request in ("", " request")
)

FIXED: Final = MappingProxyType(
    {
        **{f"{word} off": ("hotrush_off", False) for word in _HOTRUSH},
        **{f"no {word}": ("hotrush_off", False) for word in _HOTRUSH},
        **dict.fromkeys(_OFF, ("hotrush_off", False)),
        **{
            phrase.format(word): ("hotrush_off", False)
            for phrase in _NO_HOTRUSH
            for word in _HOTRUSH
        },
        **dict.fromkeys(map(str.casefold, _CLOSE), ("close", False)),
        **dict.fromkeys(_REOPEN, ("reopen", False)),
        **dict.fromkeys(_BALANCE, ("balance", False)),
        **{f"{word} on": ("hotrush_on", True) for word in _HOTRUSH},
        "balance": ("balance", False),
        "my balance": ("balance", False),
        **{
            f"{verb}{what}": (verb.replace("-", ""), False)
            for verb in ("close", "reopen", "re-open")
            for what in ("", " ticket", " the ticket", " this ticket", " my ticket")
        },
        "same topic": ("same_topic", False),
        **dict.fromkeys(("gleiches thema", "selbes thema"), ("same_topic", False)),
        **dict.fromkeys(("та же тема", "тот же вопрос"), ("same_topic", False)),
        **dict.fromkeys(("mismo tema", "el mismo tema"), ("same_topic", False)),
        **dict.fromkeys(("même sujet", "le même sujet"), ("same_topic", False)),
        "ask first": ("ask_first", True),
        "help": ("help", True),
    }
)
"""Phrase → verb, and whether it counts only with a leading `#`."""

WEAK_WORDS: Final = frozenset(
    {"yes", "yep", "yeah", "ok", "okay", "sure", "fine", "да", "ок", "хорошо", "ладно", "ja"}
    | {"okej", "jo", "oui", "si", "sí", "sì", "sim", "tak", "ano", "так", "добре", "evet"}
    | {"tamam", "好", "好的", "是", "是的", "はい"}
)
CONFIRM_STEMS: Final = re.compile(
    r"confirm|conferm|подтвержд|підтвердж|bestätig|potwierdz|potvrz|potvrd|bevestig|onayl"
    r"|确认|確認|承認"
)
GREETING: Final = re.compile(
    r"(?:hi|hello|hey|dear|greetings|good (?:morning|afternoon|evening|day)"
    r"|здравствуй(?:те)?|добрый (?:день|вечер)|доброе утро|доброго дня|привет|уважаем\w+"
    r"|hallo|guten (?:tag|morgen|abend)|sehr geehrte[rs]?|liebe[rs]?|moin|servus|grüss gott"
    r"|bonjour|bonsoir|salut|chers?|chère|hola|buenos días|buenas tardes|estimad[oa]s?"
    r"|ciao|buongiorno|buonasera|gentile|olá|bom dia|boa tarde|prezad[oa]s?"
    r"|dzień dobry|cześć|witam|szanowni|dobrý den|ahoj|вітаю|добрий день"
    r"|beste|geachte|goede(?:morgen|middag|navond)|merhaba|sayın|hej|terve"
    r"|你好|您好|こんにちは|お世話になっております)"
    r"(?:[\s,.!:-][^.?!]{0,50})?[,.!:]?"
    r"$"
)
POLITE_START: Final = re.compile(r"^(?:please|пожалуйста|bitte|por favor|s'il vous plaît),?\s+")
POLITE_END: Final = re.compile(
    r"(?:,?\s+(?:please|thanks(?: a lot| you)?|thank you(?: very much)?|many thanks|thx"
    r"|пожалуйста|спасибо|bitte|danke|vielen dank|merci|s'il vous plaît|gracias|por favor"
    r"|grazie|obrigad[oa]|dziękuję|děkuji|dank u|bedankt|谢谢))+$"
)
MARKER: Final = re.compile(
    r"\s*(?:and |also,? |ps:? |p\.s\.:? )?(?:i (?:also )?have |here is |there is )?"
    r"(?:(?:another|one more|a second|a different|a new|an unrelated|a separate) "
    r"(?:\w+ )?(?:question|problem|issue|thing|topic|matter)"
    r"|by the way|btw\b|unrelated(?:ly)?\b|on another (?:note|topic|subject)"
    r"|something (?:else|different)|different (?:question|topic|problem|issue)\b"
    r"|(?:и )?(?:ещ[её] )?(?:один|другой|новый) вопрос|другая проблема|кстати"
    r"|(?:eine )?(?:andere|weitere|neue) frage|(?:ein )?(?:anderes|weiteres|neues) problem"
    r"|übrigens|nebenbei"
    r"|(?:une )?autre (?:question|chose)|(?:un )?autre problème|au fait\b|par ailleurs"
    r"|otra (?:pregunta|cosa|duda)|otro (?:problema|tema)|por cierto"
    r"|un'altra (?:domanda|cosa)|(?:un )?altro problema|a proposito"
    r"|outra (?:pergunta|questão|coisa)|outro problema|a propósito"
    r"|(?:jeszcze )?(?:jedno|inne) pytanie|inny problem|przy okazji"
    r"|ještě (?:jedna|jeden)|jiná otázka|mimochodem|інше питання|до речі"
    r"|(?:een )?andere (?:vraag|kwestie)|trouwens|başka bir soru|bu arada"
    r"|另一个问题|另外|顺便|別の質問|ところで)",
    re.IGNORECASE,
)
"""How a paragraph begins that leaves its topic (policy 4.7)."""
