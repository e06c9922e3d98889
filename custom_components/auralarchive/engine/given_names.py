"""Common given names, by which a title's author is told from its book: "Dune - Frank Herbert".

Those of writers, in the languages that most audiobooks are in. A name that is missing costs no more
than a hint; names that are words of book titles as well (Grace, Hope, Dean) are left out.
"""

GIVEN_NAMES = frozenset(
    """
    aaron abigail adam adrian agatha alan albert aldous alejandro alex alexander alexandra
    alexandre alexis alfred alice alison amanda amy andrea andreas andrew andrzej andy angela
    ann anna anne annie anthony antoine anton antonio arnold arthur audrey barbara beatrix ben
    benedict benjamin bernard beth betty beverly bill bob boris brad bram brandon brené brian
    bruce bryan carl carla carlo carlos carol caroline cassandra catherine charles charlotte
    chris christian christina christine christopher cixin claire clive colin colleen cornelia
    cory craig dan daniel danielle daphne dave david deborah delia dennis diana diane dmitry
    dolly don donald donna doris dorothy douglas ed edgar edith eduardo edward eleanor elena
    eliezer elif elizabeth ellen ellis emile emily emma eric erich erik erin ernest eugene
    evelyn ferdinand frances francis frank franz fred frederick frederik friedrich fyodor
    gabriel gail gary geoffrey george georges gerald gillian giovanni graham greg gregory
    gustave guy günter hannah hans harold harriet haruki heather heinrich helen henri henrik
    henry herman hermann hilary holly homer howard hugh ian ira irene isaac isabel isabella
    italo ivan jack jacob jacqueline james jamie jan jane janet jason jasper javier jay jean
    jeff jeffrey jennifer jenny jeremy jerry jess jessica jim joan joanna joanne jodi joe
    johann johanna john jojo jon jonathan jorge josef joseph joshua josé joyce juan jude judith
    jules julia julian julie justin jürgen karen karin karl kate katherine kathleen kathryn
    kathy kazuo keith kelly ken kenneth kevin kim kristin kurt larry laura lauren laurie lee
    leigh leo leon leonard leslie lewis liane linda lisa liu lois lorenzo louis louisa louise
    lucy ludwig luis lynn madeline malcolm marcel marcus margaret maria marie mario marion
    marissa mark martha martin martina mary mathias matt matthew max megan melissa mervyn
    michael michel michelle mick miguel mikhail milan miranda mohsin monica naguib nancy naomi
    natalie nathan nathaniel neal neil nelson nicholas nicola nicolas nicole nina noah nora
    norman octavia olga oliver olivia orson oscar ottessa pablo pamela patricia patrick paul
    paula paulo penelope peter petra philip philippe pierre rachel ralph ray raymond rebecca
    rené richard rick roald rob robert roberto robin rodrigo roger ron ronald rosamund roxane
    rudyard rupert ruth ryan sabaa sally salman samantha samuel sandra sara sarah scott
    sebastian sergio sharon shirley simon simone sophia stanisław stefan stephanie stephen
    steve steven stieg sue susan susanna suzanne sylvia tamora tana ted teresa terry theodor
    theodore thomas tim timothy toby tom toni tony tracy trevor umberto ursula valerie vanessa
    victor victoria viktor vincent virginia vladimir walter wendy wilbur wilkie willa william
    yann yuval zadie zoe
    """.split()
)
