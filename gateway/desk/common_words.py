"""Words that say little about a topic, by language: words of no weight, and words of little weight.

Whoever adds a language adds a line to each table; a word of two languages may stand in both.
"""

from typing import Final

_STOP_WORDS_BY_LANGUAGE: Final[dict[str, str]] = {
    "en": """
        a about above after again against ain all almost already also although always am an and
        another any anybody anyone anything are aren around as at away back be because been before
        being below between both but by can cannot could couldn did didn do does doesn doing don
        done down during each either else enough etc even ever every everything few first for from
        further get gets getting give given go goes going gone gonna got had has hasn have haven
        having he hence her here hers herself him himself his how however i if in indeed instead
        into is isn it its itself just keep kind know last later least less let like ll long look
        looking lot made make makes making many may maybe me mean means might mine more most much
        must my myself need needs neither never new next no none nor not nothing now of off often oh
        on once one ones only or other others otherwise our ours ourselves out over own perhaps
        quite rather re really right said same saw say says second see seem seems seen several shall
        she should shouldn since so some somebody someone something soon still stuff such sure take
        than that the their theirs them themselves then there therefore these they thing things
        think this those though three through thus till time to together too took toward try trying
        tried turn two under unless until up upon us use used useful uses using usually ve very via
        want wanted wants was wasn way we well went were weren what whatever when where whether
        which while who whole whom whose why will with within without won work worked working works
        would wouldn yes yet you your yours yourself advance advice answer appreciate appreciated
        best bye cheers dear everybody everyone fine folks good great greetings guess guys hello
        help helpful helps hey hi hope idea ideas interested issue kindly list luck mail mailing
        matter message nice number ok okay please possible post posted problem problems question
        questions regard regards reply sincerely solution solve solved sorry suggest suggestion
        suggestions team thank thanks thought thx today tomorrow truly understand wish wishes wonder
        wondering write writes writing wrote yesterday yep yeah monday tuesday wednesday thursday
        friday saturday sunday""",
    "de": """
        aber alle allem allen aller alles als also am an andere anderen anderer auch auf aus bei
        beim bereits bis bitte brauche da dabei dadurch dafür damit danach dann daran darauf darüber
        das dass daß davon dazu dem den denn der des dessen deshalb die dies diese diesem diesen
        dieser dieses doch dort du durch eben ein eine einem einen einer eines einfach einige einmal
        er erst es etwa etwas euch euer eure für ganz gar geht gemacht genau gerade gern gerne gibt
        habe haben hat hatte hätte hier hin ich ihm ihn ihnen ihr ihre ihrem ihren ihrer im immer in
        ins irgendwie ist ja jede jeder jedes jedoch jetzt kann kannst kein keine keinen können
        könnte könnten lassen läuft leider machen macht mal man mehr mein meine meinem meinen meiner
        mich mir mit möchte muss muß müssen nach nämlich neu neue neuen nicht nichts noch nun nur ob
        oder ohne schon sehr sein seine seit selbst sich sie sind so sobald solche soll sollte
        sondern sonst soweit sowie trotz über um und uns unser unsere unter viel viele vielen
        vielleicht vom von vor war waren warum was weil welche welcher welches wenn wenig wer werde
        werden wie wieder will wir wird wo wollen worden wurde würde würden zu zum zur zwar zwei
        zwischen antwort danke dank frage fragen freundliche freundlichen funktioniert geehrte
        geehrten geehrter gruß grüße gruss gruesse guten hallo herr herzliche hilfe lieber liebe
        morgen abend problem schöne tag viele vorab voraus""",
    "ru": """
        а без более больше будет будто бы был была были было быть в вам вас ваш ваша ваше ваши ведь
        весь во вот все всё всего всех всю вы где да даже два для до другой другие его ее её если
        есть еще ещё же за здесь и из или им иногда их к как какая какие какой когда конечно который
        которая которое которые кто куда ли либо лишь лучше между меня мне много может можно мой моя
        мое моё мои мы на над надо нам нас наш не него нее неё нет ни нибудь никак ничего но ну
        нужно о об один одна он она они оно от очень по под поэтому после потом потому почему почти
        при про просто раз разве с сам сама само сейчас себя себе сегодня снова со совсем так также
        такой такая такие там твой тебя тем теперь то тоже только того тот три тут ты у уж уже
        хорошо хочу хотел хотелось хотя чего чем через что чтобы чуть эта эти это этого этом этот
        этой этому я благодарю буду вопрос вопросы добрый доброе день вечер утро здравствуйте привет
        пожалуйста помогите помощь подскажите проблема работает решение сделать спасибо ответ
        уважением заранее""",
    "es": """
        a al algo algún alguna algunas alguno algunos ante antes aquí así aún aunque bien cada casi
        como cómo con contra cual cuál cuando cuándo de del desde donde dónde dos durante e el él
        ella ellas ellos en entonces entre era eran es esa esas ese eso esos esta está están estamos
        estar estas este esto estos estoy fue fueron ha había hace hacer hacia han hasta hay he
        hemos la las le les lo los más me mi mí mis mismo misma mucho muchas muchos muy nada ni no
        nos nosotros nuestra nuestro o os otra otras otro otros para pero poco podría por porque
        pues puede pueden puedo que qué quien quién quiero quisiera sea ser si sí sido siempre sin
        sobre solo sólo son soy su sus tal también tan tanto te tengo tener tenemos ti tiene tienen
        todo toda todas todos tu tú tus un una unas uno unos usted ustedes va vez voy y ya yo
        alguien atentamente ayuda buenas buenos cordial días duda gracias hola noches pregunta
        problema respuesta saludo saludos señores solución tardes""",
    "fr": """
        à afin ai ainsi alors au aucun aucune aujourd aura aussi autre autres aux avant avec avez
        avoir avons bien ça car ce ceci cela celle celui ces cet cette ceux chaque chez comme
        comment dans de déjà depuis des donc dont du elle elles en encore entre es est et étaient
        était été êtes être eu eux faire fait faut hui ici il ils je jusque la là le les lequel leur
        leurs lors lorsque lui ma mais me même mes moi moins mon ne ni non nos notre nous on ont or
        ou où par parce pas pendant peu peut peux plus plusieurs pour pourquoi pouvez pouvoir
        pourrais pourriez près puis puisque quand que quel quelle quelles quelque quelques quels qui
        quoi sa sais sans se sera ses si sinon soit son sont sous suis sur ta te tes toi ton
        toujours tous tout toute toutes très trop tu un une vais vers veux voici voilà voudrais vos
        votre vous y aide avance bonjour bonsoir bonne bien cordialement journée madame merci
        messieurs monsieur problème question réponse salut salutations solution""",
    "pt": """
        à ainda algo alguém algum alguma alguns antes ao aos apenas aquele aqui as às até através
        bem cada com como da das de dele depois desde dessa desse desta deste do dos e é ela elas
        ele eles em então entre era essa esse esta está estão este estes estou eu faz fazer foi
        foram há isso isto já lá lhe mais mas me meio mesma mesmo meu minha meus minhas muito muitos
        na não nas nem nenhum no nos nós nossa nosso num numa o onde os ou outra outras outro outros
        para pela pelo pelos pode podem poderia pois por porque posso pouco qual qualquer quando
        quanto que quem quero são se seja sem sempre ser seu seus sim sob sobre só somos sou sua
        suas também tal tão tem têm tenho temos ter toda todas todo todos tu tudo um uma uns vai vez
        você vocês vou ajuda atenciosamente boa bom cumprimentos dia dúvida noite obrigada obrigado
        olá pergunta prezados problema resposta solução tarde abraço abraços""",
    "it": """
        a abbiamo ad adesso agli ai al alcuni alla alle allo allora altra altre altri altro anche
        ancora anzi appena avere aveva avete bene che chi ci ciò circa coi col come con contro così
        cui da dagli dai dal dalla dalle degli dei del della delle dello dentro di dopo dove due e è
        ecco ed era erano essere fa faccio fare fatto fino fra già gli ha hai hanno ho i il in
        infatti invece io la là le lei li lo loro lui ma mai me meno mentre mi mia mie miei mio
        molta molte molti molto ne né negli nei nel nella nelle nessun niente no noi non nostra
        nostro o ogni ora oppure per perché però più poi possibile posso possono prima può pure qual
        quale quali qualche qualcosa qualcuno quando quanto quasi quella quelle quelli quello questa
        queste questi questo qui quindi sarà se sei sempre senza si sì sia siamo siete sono sta
        stata stato stessa stesso sto su sua subito sue sugli sui sul sulla suo tanto te ti tra
        troppo tu tua tue tuo tutta tutte tutti tutto un una uno va vi voi vorrei vostra vostro
        aiuto anticipo buona buongiorno buonasera ciao cordiali domanda giorno grazie problema
        risposta salve saluti soluzione""",
    "nl": """
        aan al alle alleen als altijd andere anders ben bent bij daar daarna dan dat de deze die dit
        doe doen door dus echt een eens eerst en er ergens even gaan gaat gedaan geen gewoon goed
        haar had hadden heb hebben hebt heeft hem het hier hij hoe hun iemand iets ik in is ja je
        jij jou jouw jullie kan kon kunnen kunt maar maken me meer men met mij mijn misschien moet
        moeten mogelijk na naar niet niets nieuwe nog nu of om omdat onder ons onze ook op over
        reeds sinds soms steeds te tegen toch toen tot twee u uit uw van vanaf veel via voor waar
        waarom wanneer want waren was wat we weer wel welke werd wie wij wil wilde worden wordt zal
        ze zeer zelf zich zij zijn zo zoals zonder zou zouden alvast antwoord bedankt beste dag dank
        goedemiddag goedemorgen groet groeten groetjes hallo hulp hoi oplossing probleem vraag
        vragen vriendelijke""",
    "pl": """
        a aby ale albo ani aż bardzo bez będzie będą bo był była było były być by chcę chciałbym
        chciałabym ci co coś czego czy czyli dla dlaczego do dobrze dwa gdy gdyby gdzie go i ich ile
        im inne inny innych ja jak jaka jaki jakie jako jakoś je jeden jednak jego jej jest jestem
        jeszcze jeśli jeżeli już każdy kiedy kto która które który których ma mam mamy mają mi mieć
        mnie może możecie możemy można mój moja moje mu musi my na nad nam nas nasz nic nich nie
        niej nim niż no nowa nowy o od ok on ona one oni oraz pan pana pani pod po poza ponieważ
        potem przed przez przy raz również sam są się skąd sobie swój ta tak taka taki takie także
        tam te tego tej temu ten też to tu twój tutaj tylko tym u w was wasz we więc wszystko
        wszystkie wtedy z za zawsze ze żaden że żeby cześć dobry dzień dziękuję dzięki góry
        odpowiedź pomoc pomocy pozdrawiam pozdrowienia problem proszę pytanie rozwiązanie szanowni
        witam""",
}

STOP_WORDS_OF: Final[dict[str, frozenset[str]]] = {
    language: frozenset(line.split()) for language, line in _STOP_WORDS_BY_LANGUAGE.items()
}
STOP_WORDS: Final[frozenset[str]] = frozenset().union(*STOP_WORDS_OF.values())
"""Whole words, case-folded. Words of courtesy and of every support mail stand among them."""

OFTEN_OF: Final = 300
"""The figures of `OFTEN` are numbers of mails out of this many."""

_OFTEN_IN_THE_TRADE: Final[dict[int, str]] = {
    # In so many of 300 mails about technical matters stands a word that begins like this.
    30: """
        add change check code correct create current data different display error example file find
        follow function install line open option page point read remove result run running send
        server set setting show start support system test type update user version window fehler
        datei einst instal seite server daten ändern anzeige ошибк файл систе сервер верси данны
        устан страни настро archivo error fichi págin instal servid datos versi config fichier
        erreur page serveur données install version paramètre arquivo erro página servidor dados
        instal versão errore file pagina server dati instal versio impost fout bestand pagina server
        gegevens instell versie błąd plik stron serwer dane instal wersj ustaw""",
    12: """
        access account address admin allow application argument available build call case class
        click column command compare complete computer connect contain copy customer date default
        define delete description device directory document download email enter exist expect fail
        field fix folder form format full general group image implement include information input
        interface language level library link load local log login main manage manual mean menu
        method model month name network normal object old order output package panel parameter part
        password path place plot print process product program project provide put reason receive
        release replace report request require response return row save screen script search select
        separate service session simple single site size software source space special speed
        standard state status stop string submit success switch table text title today total track
        try upgrade url value variable view warning web word write year adresse benutz bild bestell
        datum funktion konto kunde kennwort passwort link meldung menü name programm projekt rechner
        shop spalte tabelle text zeile адрес вход имя клиент команд магаз меню модуль номер окно
        парол польз почт програм текст товар cliente cuenta correo contraseña imagen nombre pedido
        producto tienda texto usuario boutique client commande compte image message nom produit
        texte utilis mot passe conta imagem loja nome pedido produto senha texto usuário cliente
        immagine negozio nome ordine prodotto testo utente afbeelding bestelling gebruiker klant
        naam tekst wachtwoord winkel hasło klient konto nazwa obraz produkt sklep tekst użytkownik
        zamówienie""",
}

OFTEN: Final[dict[str, int]] = {
    word[:5]: mails
    for mails in sorted(_OFTEN_IN_THE_TRADE)
    for word in _OFTEN_IN_THE_TRADE[mails].split()
}
"""Stem (five letters) → in how many of 300 technical mails it stands, roughly."""
