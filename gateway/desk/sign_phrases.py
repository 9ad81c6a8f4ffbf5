"""Phrases by which a reader knows a follow-up from a new matter, by language.

A phrase stands case-folded between bars; `*` at its end stands for all endings. Whoever adds a
language adds a line to each table; which table weighs how much is said in `likeness`.
"""

from typing import Final

THANKS: Final[dict[str, str]] = {
    "en": "thank* | thx | appreciate*",
    "de": "danke* | dank | dankeschön",
    "ru": "спасибо | благодар*",
    "es": "gracias | agradez*",
    "fr": "merci | remerci*",
    "pt": "obrigad* | agradeço",
    "it": "grazie | ringraz*",
    "nl": "bedankt | dankjewel | dank je | dank u",
    "pl": "dziękuj* | dzięki",
}

IN_ADVANCE: Final[dict[str, str]] = {
    "en": """in advance | for any | any help | your help would | would be appreciated
        | is appreciated | be greatly | much appreciated""",
    "de": "im voraus | vorab | für jede hilfe | für ihre hilfe",
    "ru": "заранее",
    "es": "de antemano | por adelantado",
    "fr": "d'avance | par avance",
    "pt": "desde já | antecipadamente",
    "it": "in anticipo",
    "nl": "alvast | bij voorbaat",
    "pl": "z góry",
}

REFERS_BACK: Final[dict[str, str]] = {
    "en": """you suggest* | you said | you mention* | you wrote | you asked | you advis*
        | you propos* | you recommend* | you point* | you mean | you told | you sent | you gave
        | you were right | you are right | you're right | you are correct | you're correct
        | as you | your suggest* | your advice | your answer* | your reply | your replies
        | your respon* | your quick | your prompt | your help | your solution
        | your explanation | your comment* | your mail | your email | your question*
        | your example | your code | your time | the suggest* | the advice | the reply
        | the replies | the respon* | the answer | the explanation | the quick | the help
        | the pointer* | the hint | for replying | for answering | for responding
        | for getting back | for clarif* | for explaining | quick reply | quick response
        | quick answer | the above""",
    "de": """ihr vorschlag | ihren vorschlag | ihre antwort | ihrer antwort | ihr hinweis
        | ihren hinweis | ihren rat | ihr tipp | ihren tipp | ihre hilfe | ihre anleitung
        | ihre frage | wie sie | von ihnen | deine antwort | dein tipp | deinen tipp
        | deine hilfe | die antwort | die schnelle | die rasche | den hinweis | den tipp
        | die hilfe | die erklärung | wie beschrieben | wie gewünscht | wie besprochen""",
    "ru": """ваш ответ | вашего ответа | ваш совет | вашему совету | вашу подсказку
        | вашей инструкции | за ответ | за помощь | за совет | за подсказку | за быстрый
        | как вы | вы написали | вы советовали | вы спрашивали | на ваш вопрос""",
    "es": """su respuesta | tu respuesta | su sugerencia | tu sugerencia | su consejo
        | su ayuda | tu ayuda | sus indicaciones | la respuesta | la ayuda | la explicación
        | como usted | como me | lo que me""",
    "fr": """votre réponse | votre conseil | votre aide | votre suggestion | vos conseils
        | vos indications | votre question | ta réponse | la réponse | l'aide | l'explication
        | comme vous | vous avez | vous m'avez""",
    "pt": """sua resposta | sua sugestão | sua ajuda | seu conselho | a resposta | a ajuda
        | a explicação | pela resposta | pela ajuda | como você | o que você""",
    "it": """sua risposta | tua risposta | suo consiglio | suo suggerimento | suo aiuto
        | la risposta | il consiglio | il suggerimento | l'aiuto | la spiegazione | come mi
        | come ha""",
    "nl": """uw antwoord | je antwoord | uw advies | je advies | uw hulp | je hulp | uw tip
        | je tip | het antwoord | de uitleg | zoals u | zoals je""",
    "pl": """państwa odpowiedź | pana odpowiedź | pani odpowiedź | twoja odpowiedź
        | za odpowiedź | za pomoc | za radę | za wyjaśnienie | jak pan | jak pani | zgodnie z""",
}

STARTS_AS_ANSWER: Final[dict[str, str]] = {
    "en": """yes | yep | yeah | no | nope | ok | okay | oh | ah | aha | sorry | well
        | actually | right | indeed | sure | so | and | but | great | perfect | excellent
        | good | nice | that | that's | this | it | you | your | the first | the second
        | i tried | i did | i see | i understand | i agree | i found | i got | i know
        | i thought | i guess | i apolog* | i should | i forgot | i meant | i realiz*
        | i figured | just | still | now | solved | done | fixed | as i | my mistake | my bad
        | my apolog* | apolog* | here | attached | then | not yet | not sure | glad | agreed
        | understood | exactly | in that case | in this case | follow up | follow-up
        | followup | update | no problem""",
    "de": """ja | nein | doch | okay | also | gut | super | prima | perfekt | stimmt | leider
        | entschuldigung | das | es | dann | jetzt | hier | anbei | habe ich | hab ich
        | noch nicht | verstanden | alles klar""",
    "ru": """да | нет | пока нет | хорошо | понятно | понял* | ясно | извините
        | прошу прощения | вот | это | так | тогда | теперь | сделал* | попробовал*
        | к сожалению""",
    "es": """sí | si | no | vale | perfecto | perdón | de acuerdo | eso | esto | entonces
        | ahora | aquí | adjunto | todavía no | lo siento | ya""",
    "fr": """oui | non | d'accord | parfait | désolé* | pardon | alors | voici | cela | ça
        | c'est | maintenant | ci-joint | pas encore | en effet | malheureusement""",
    "pt": """sim | não | certo | perfeito | desculpe | isso | então | agora | segue | aqui
        | ainda não | de acordo | infelizmente""",
    "it": """sì | no | va bene | perfetto | scusi | scusa | allora | ecco | questo | adesso
        | ora | in allegato | non ancora | purtroppo | d'accordo""",
    "nl": """ja | nee | oké | goed | prima | perfect | helaas | dat | dit | dan | nu
        | hierbij | bijgevoegd | nog niet | begrepen""",
    "pl": """tak | nie | dobrze | świetnie | przepraszam | to | więc | oto | teraz
        | niestety | jeszcze nie | w załączniku | rozumiem""",
}

STATES_A_PROBLEM: Final[dict[str, str]] = {
    "en": """i am trying | i'm trying | i've been trying | i have been trying | i am using
        | i'm using | i am attempting | i'm attempting | i am working on | i'm working on
        | i am looking for | i'm looking for | i am having | i'm having | i am writing
        | i'm writing | i am running | i'm running | i am new | i'm new | i am facing
        | i am struggling | i'm struggling | i am getting | i'm getting | i am seeing
        | i'm seeing | i am wondering | i'm wondering | i was wondering | i wonder
        | i would like to | i'd like to | i want to | i need to | i have a | i have an
        | i have some | i have two | i have the following | i have been | i have problem*
        | i have installed | i've installed | i've got | i just | i recently | is there a
        | is there an | is there any | are there any | how do i | how can i | how to
        | how would i | how could i | how should i | is it possible | what is the best
        | my question | my problem | we are trying | we would like | we have a | we need""",
    "de": """ich versuche | ich möchte | ich würde gerne | ich würde gern | ich habe ein*
        | ich suche | ich brauche | ich bekomme | wie kann ich | wie kann man | wie können wir
        | gibt es eine | gibt es die | ist es möglich | wir möchten | wir haben ein*
        | wir versuchen | wir brauchen | wir suchen""",
    "ru": """не могу | не получается | хочу | хотим | хотел бы | хотелось бы | пытаюсь
        | у меня | у нас | как мне | как нам | можно ли | есть ли | как можно
        | каким образом | подскажите""",
    "es": """estoy intentando | estoy tratando | quiero | quisiera | me gustaría | tengo un*
        | cómo puedo | como puedo | cómo se puede | hay alguna | hay algún | es posible
        | necesito | necesitamos | tenemos un* | queremos""",
    "fr": """j'essaie | j'essaye | je voudrais | j'aimerais | j'ai un* | je cherche
        | je souhaite* | comment puis | comment faire | y a-t-il | est-il possible
        | existe-t-il | nous avons un* | nous voudrions | nous souhait* | j'ai besoin""",
    "pt": """estou tentando | estou a tentar | gostaria | gostaríamos | quero | tenho um*
        | como posso | como faço | existe alguma | existe algum | é possível | preciso
        | precisamos | temos um*""",
    "it": """sto cercando | sto provando | vorrei | vorremmo | ho un* | come posso
        | come faccio | c'è un* | è possibile | esiste un* | abbiamo un* | ho bisogno""",
    "nl": """ik probeer | ik wil | ik zou graag | ik heb een | ik zoek | hoe kan ik
        | hoe kunnen we | is er een | is het mogelijk | wij willen | we willen
        | we hebben een""",
    "pl": """próbuję | chciałbym | chciałabym | chcemy | chcę | mam problem | mam pytanie
        | jak mogę | jak można | czy jest | czy można | czy istnieje | potrzebuję
        | potrzebujemy""",
}

GREETINGS: Final[dict[str, str]] = {
    "en": "hi hello hey dear greetings good thanks thank many",
    "de": "hallo liebe lieber guten sehr geehrte geehrter moin danke",
    "ru": "привет здравствуйте добрый доброе уважаемый уважаемая уважаемые",
    "es": "hola buenos buenas estimado estimada estimados gracias",
    "fr": "bonjour bonsoir cher chère salut merci",
    "pt": "olá bom boa caro cara prezado prezada prezados",
    "it": "ciao buongiorno buonasera salve gentile egregio",
    "nl": "beste geachte hoi goedemorgen goedemiddag dag",
    "pl": "cześć witam szanowni dzień dobry",
}

FILLERS: Final[dict[str, str]] = {
    "en": "you again and so very much the to my morning afternoon evening day r",
    "de": "tag morgen abend vielen dank",
    "ru": "день вечер утро доброго",
    "es": "días tardes noches muchas",
    "fr": "beaucoup",
    "pt": "dia tarde noite muito",
    "it": "giorno sera mille",
    "nl": "dag",
    "pl": "bardzo",
}

EVERYONE: Final[dict[str, str]] = {
    "en": """all everyone everybody list lists listers listmembers folks guys there team users
        user members member community experts colleagues friends sir madam sirs support
        helpers helplist developers devs gurus gentlemen""",
    "de": "alle zusammen damen herren kollegen leute liste",
    "ru": "все всем коллеги друзья",
    "es": "todos todas lista señores amigos equipo",
    "fr": "tous toutes liste messieurs madame monsieur équipe",
    "pt": "todos todas lista senhores pessoal equipe",
    "it": "tutti lista signori",
    "nl": "allen allemaal iedereen heer mevrouw",
    "pl": "wszystkich wszyscy państwo",
}
