"""Environment files with what they give: the first table in Next.js as here, the second with what Next.js gives instead, and why."""

from dataclasses import dataclass, field

__all__ = ["DIFFERENT", "SAME", "Case"]


@dataclass(frozen=True, slots=True)
class Case:
    """A project's environment files (one text is `.env`), and the values that they add to the real environment.

    `values` is None where the files are refused.
    """

    files: str | dict[str, str]
    values: dict[str, str] | None
    real: dict[str, str] = field(default_factory=dict)
    command: str = "dev"

    @property
    def named_files(self) -> dict[str, str]:
        return {".env": self.files} if isinstance(self.files, str) else self.files


FOUR = {".env.development.local": "A=1", ".env.local": "A=2\nB=2", ".env.development": "A=3\nB=3\nC=3", ".env": "A=4\nB=4\nC=4\nD=4"}
OF_TEST = {".env.test.local": "A=1", ".env.local": "A=2\nB=2", ".env.test": "A=3\nB=3\nC=3", ".env": "A=4\nB=4\nC=4\nD=4"}
OF_PRODUCTION = {".env.production.local": "A=1", ".env.local": "B=2", ".env.production": "A=3\nC=3", ".env.development": "D=4"}

SAME = {
    # Files
    "no file": Case({}, {}),
    "an empty file": Case("", {}),
    "the order in development": Case(FOUR, {"A": "1", "B": "2", "C": "3", "D": "4"}),
    "the order in production": Case(OF_PRODUCTION, {"A": "1", "B": "2", "C": "3"}, command="start"),
    "the order in a build": Case(OF_PRODUCTION, {"A": "1", "B": "2", "C": "3"}, command="build"),
    "a test reads no .env.local": Case(OF_TEST, {"A": "1", "B": "3", "C": "3", "D": "4"}, {"NODE_ENV": "test"}),
    "a test of what is built": Case(OF_TEST, {"A": "1", "B": "3", "C": "3", "D": "4"}, {"NODE_ENV": "test"}, "start"),
    "NODE_ENV has no other say": Case(OF_PRODUCTION, {"A": "1", "B": "2", "C": "3"}, {"NODE_ENV": "development"}, "start"),
    "the real environment wins": Case("A=1\nB=2", {"B": "2"}, {"A": "real"}),
    "an empty real variable wins": Case("A=1\nB=2", {"B": "2"}, {"A": ""}),
    "an empty value in a stronger file wins": Case({".env.local": "A=", ".env": "A=1"}, {"A": ""}),
    # Keys
    "a key of all characters": Case("a.B-c_1=x", {"a.B-c_1": "x"}),
    "a key that begins with a digit": Case("1A=x", {"1A": "x"}),
    "a key of signs": Case("-.=x", {"-.": "x"}),
    "a key with other characters is no key": Case("Ä=1\nA B=2\nA/B=3\nC=4", {"C": "4"}),
    "the last of a key counts": Case("A=1\nA=2", {"A": "2"}),
    "keys differ by case": Case("a=1\nA=2", {"a": "1", "A": "2"}),
    "a colon": Case("A: 1\nB:  2", {"A": "1", "B": "2"}),
    "a colon needs a space": Case("A:1\nB : 2", {}),
    "a colon and its value on two lines": Case("A:\nB=2", {"A": "B=2"}),
    "export": Case("export A=1\n  export\tB=2\nexportC=3", {"A": "1", "B": "2", "exportC": "3"}),
    "export as a key": Case("export=1", {"export": "1"}),
    "export as a key with a space": Case("export =1", {"export": "1"}),
    "export with a colon": Case("export: 1", {"export": "1"}),
    "export alone goes on in the next line": Case("export\nA=1", {"A": "1"}),
    "export twice": Case("export export A=1\nB=2", {"B": "2"}),
    "a sign in the next line": Case("A\n=1", {"A": "1"}),
    # Lines
    "no assignments": Case("A\nhello world\n[section]\n=x\n!A=1\nB=2", {"B": "2"}),
    "an assignment behind what is none": Case("hello B=2\n; C=3\nD=4", {"D": "4"}),
    "comments": Case("# A=1\n  #B=2\nC=3#4\nD=5 # 6\nE=#7\nF= # 8", {"C": "3", "D": "5", "E": "", "F": ""}),
    "a byte order mark": Case("\ufeffA=1", {"A": "1"}),
    "lines end as on Windows": Case('A=1\r\nB="x\r\ny"\r\n', {"A": "1", "B": "x\ny"}),
    "lines end as on the first Macintosh": Case("A=1\rB=2", {"A": "1", "B": "2"}),
    "empty lines": Case("\n\n \t\nA=1\n\n\nB=2\n\n", {"A": "1", "B": "2"}),
    "odd spaces": Case("\u00a0A\u3000=\u20281\u2003\n\vB\f=2", {"A": "1", "B": "2"}),
    "control characters that only Python takes for space": Case("A=\x1c1\x85\nB=\x1f", {"A": "\x1c1\x85", "B": "\x1f"}),
    "other control characters": Case("A=\x01\x7f\x1b[0m", {"A": "\x01\x7f\x1b[0m"}),
    "letters of all kinds": Case("A=ünï→😀", {"A": "ünï→😀"}),
    # Values
    "an empty value": Case("A=\nB=''\nC=\"\"\nD=``\nE= ", {"A": "", "B": "", "C": "", "D": "", "E": ""}),
    "an empty value at the end": Case("A=", {"A": ""}),
    "spaces around": Case("A  =  x y  ", {"A": "x y"}),
    "more signs": Case("A==\nB=x=y\nC=a:b", {"A": "=", "B": "x=y", "C": "a:b"}),
    "a comment without a space": Case("A=va#lue", {"A": "va"}),
    "JSON": Case('A={"b": [1, "c"]}', {"A": '{"b": [1, "c"]}'}),
    "spaces in quotes": Case("A=' x '\nB=\" y \"\nC=` z `", {"A": " x ", "B": " y ", "C": " z "}),
    "a comment after quotes": Case("A='x' # y\nB=\"x\"#y", {"A": "x", "B": "x"}),
    "# in quotes": Case("A='x # y'\nB=\"x#y\"\nC=`#`", {"A": "x # y", "B": "x#y", "C": "#"}),
    "other quotes in quotes": Case("A='\"`'\nB=\"'`\"\nC=`'\"`", {"A": '"`', "B": "'`", "C": "'\""}),
    "several lines": Case("A='x\ny'\nB=\"x\n\ny\"\nC=`\n`\nD=1", {"A": "x\ny", "B": "x\n\ny", "C": "\n", "D": "1"}),
    "lines that look like assignments, in quotes": Case("A='\nB=2\n'\nC=3", {"A": "\nB=2\n", "C": "3"}),
    "a key in PEM": Case('KEY="-----BEGIN X-----\nMIIB+/==\n-----END X-----\n"', {"KEY": "-----BEGIN X-----\nMIIB+/==\n-----END X-----\n"}),
    "quotes in the next line": Case("A=\n'x'", {"A": "x"}),
    "no quotes in the next line": Case("A=\nB=2", {"A": "", "B": "2"}),
    r"\n and \r in double quotes": Case(r'A="x\ny\rz"', {"A": "x\ny\rz"}),
    r"\n elsewhere": Case("A='x\\ny'\nB=`x\\ny`\nC=x\\ny", {"A": "x\\ny", "B": "x\\ny", "C": "x\\ny"}),
    "no other escapes": Case(r'A="x\ty\\z"', {"A": r"x\ty\\z"}),
    r"a backslash before \n": Case(r'A="x\\ny"', {"A": "x\\\ny"}),
    "an escaped quote": Case(r"A='x\'y'", {"A": r"x\'y"}),
    "an escaped quote that ends the value": Case("A='C:\\dir\\'\nB=2", {"A": "C:\\dir\\", "B": "2"}),
    "an escaped quote, and another value in quotes": Case("A='x\\'\nB='y'", {"A": "x\\", "B": "y"}),
    "an open quote": Case("A='x\nB=2", {"A": "'x", "B": "2"}),
    "an open quote, and a comment": Case('A="x # y"', {"A": "x # y"}),
    "an open quote that a comment cuts": Case('A="x # y', {"A": '"x'}),
    r"an open double quote, and \n": Case(r'A="x\ny', {"A": '"x\ny'}),
    "a quote alone": Case("A='\nB=\"", {"A": "'", "B": '"'}),
    "text after quotes": Case("A='x' y\nB='x' 'y'", {"A": "'x' y", "B": "x' 'y"}),
    "text before quotes": Case("A=x 'y'", {"A": "x 'y'"}),
    "an open quote that closes in a later line": Case("A='x\nB='y", {"A": "'x", "B": "'y"}),
    "a quote that closes where the next one opens": Case("A='x\nB='\nC=3", {"A": "x\nB=", "C": "3"}),
    # References
    "a reference": Case("A=1\nB=$A\nC=${A}", {"A": "1", "B": "1", "C": "1"}),
    "a reference forward": Case("B=$A\nA=1", {"A": "1", "B": "1"}),
    "a chain": Case("A=$B/a\nB=$C/b\nC=c", {"A": "c/b/a", "B": "c/b", "C": "c"}),
    "a reference in text": Case("A=1\nB=x${A}y${A}z", {"A": "1", "B": "x1y1z"}),
    "a reference in double quotes": Case('A=1\nB="<$A>"', {"A": "1", "B": "<1>"}),
    "a reference in backticks": Case("A=1\nB=`<$A>`", {"A": "1", "B": "<1>"}),
    "an unknown reference": Case("A=<$B>", {"A": "<>"}),
    "an unknown reference with a default": Case("A=${B:-x y}", {"A": "x y"}),
    "an empty default": Case("A=<${B:-}>", {"A": "<>"}),
    "a default of a default": Case("A=${B:-${C:-x}/y}", {"A": "x/y"}),
    "a default that refers": Case("A=1\nB=${C:-<$A>}", {"A": "1", "B": "<1>"}),
    "a default that is not needed": Case("A=${HOME:-x}/y", {"A": "/root/y"}, {"HOME": "/root"}),
    "an empty variable with a default": Case("A=${B:-x}", {"A": "x"}, {"B": ""}),
    "a default with a brace": Case("A=${B:-{x}}", {"A": "{x}"}),
    "an open brace": Case("A=<${B", {"A": "<1"}, {"B": "1"}),
    "an open default": Case("A=<${B:-x", {"A": "<x"}),
    "a brace that says something else": Case("A=${B-x}", {"A": "1-x}"}, {"B": "1"}),
    "the real environment": Case("A=$HOME", {"A": "/root"}, {"HOME": "/root"}),
    "the real environment before the file": Case("B=$A\nA=1", {"B": "real"}, {"A": "real"}),
    "a key of a stronger file": Case({".env.local": "A=1", ".env": "B=$A"}, {"A": "1", "B": "1"}),
    "a key that a stronger file has, too": Case({".env.local": "A=1", ".env": "A=2\nB=$A"}, {"A": "1", "B": "1"}),
    "names of digits": Case("A=$1.50", {"A": ".50"}),
    "a name ends before a dot": Case("A=$B.c", {"A": "1.c"}, {"B": "1"}),
    "no names": Case("A=$\nB=$ x\nC=${}\nD=$(x)\nE=$-", {"A": "$", "B": "$ x", "C": "${}", "D": "$(x)", "E": "$-"}),
    "an escaped dollar": Case("A=1\nB=\\$A\nC=\\${A}\nD='\\$A'", {"A": "1", "B": "$A", "C": "${A}", "D": "$A"}),
    "two backslashes before a dollar": Case("A=\\\\$B", {"A": "\\$B"}),
    "an escaped dollar beside a reference": Case("A=\\$5 and $B", {"A": "$5 and 1"}, {"B": "1"}),
    "a comment that refers": Case("A=1 # $A\nB=2", {"A": "1", "B": "2"}),
    # Circles
    "a reference to itself": Case("A=$A", None),
    "a reference to itself in text": Case("A=x:${A}:y\nB=1", None),
    "a circle of two": Case("A=$B\nB=$A", None),
    "a circle of three": Case("A=$B\nB=$C\nC=x$A", None),
    "a circle in a default": Case("A=${B:-$A}", None),
    "a reference to itself with a default": Case("A=${A:-x}", {"A": "x"}),
    "a circle of two defaults": Case("A=${B:-1}\nB=${A:-2}", {"A": "1", "B": "2"}),
    "a circle that one default breaks": Case("A=$B\nB=${A:-x}", {"A": "x", "B": "x"}),
    "no circle, since it is real": Case("PATH=/x:$PATH\nA=1", {"A": "1"}, {"PATH": "/bin"}),
    "no circle, since a stronger file has it": Case({".env.local": "A=1", ".env": "A=$A/x"}, {"A": "1"}),
}

# For each: the case with what is right here, what Next.js gives (None: it skips the file), and why not the same.
LITERAL = "what has been filled in is text, and is not searched for references once more"
LEFTMOST = "Next.js looks for the last $ again and again, and stops at one that is no reference; each reference is one here"
DIFFERENT: dict[str, tuple[Case, dict[str, str] | None, str]] = {
    "single quotes": (
        Case("A='pa$word'", {"A": "pa$word"}),
        {"A": "pa"},
        "SPEC 21: an accident; single quotes mean as it is, as in a shell",
    ),
    "a circle in single quotes": (Case("A='$A'", {"A": "$A"}), None, "as above"),
    "a key of a weaker file": (
        Case({".env.local": "A=<$B>", ".env": "B=1"}, {"A": "<1>", "B": "1"}),
        {"A": "<>", "B": "1"},
        "SPEC 21: references find all files; Next.js has not read the weaker ones yet",
    ),
    "a circle through two files": (
        Case({".env.local": "A=$B", ".env": "B=$A"}, None),
        {"A": "", "B": ""},
        "as above, and so the circle is seen",
    ),
    "a default for a key of the same file": (
        Case("A=1\nB=${A:-x}", {"A": "1", "B": "1"}),
        {"A": "1", "B": "x"},
        "SPEC 21: the default comes after all files; in Next.js before the file's own keys",
    ),
    "a default for a key of a weaker file": (
        Case({".env.local": "A=${B:-x}", ".env": "B=1"}, {"A": "1", "B": "1"}),
        {"A": "x", "B": "1"},
        "as above",
    ),
    "two references side by side": (Case("A=$B$C\nB=1\nC=2", {"A": "12", "B": "1", "C": "2"}), {"A": "", "B": "1", "C": "2"}, LEFTMOST),
    "a dollar at the end": (Case("A=$B for 5$\nB=1", {"A": "1 for 5$", "B": "1"}), {"A": "$B for 5$", "B": "1"}, LEFTMOST),
    "two dollars": (Case("A=$$B\nB=C", {"A": "$C", "B": "C"}), {"A": "", "B": "C"}, LEFTMOST),
    "a brace behind a name": (
        Case('A={"port":$B}', {"A": '{"port":1}'}, {"B": "1"}),
        {"A": '{"port":1'},
        "Next.js takes a closing brace without an opening one away",
    ),
    "a reference with the same name escaped": (
        Case("A=\\$B $B\nB=1", {"A": "$B 1", "B": "1"}),
        {"A": "\\1 1", "B": "1"},
        "Next.js replaces the first place where the text of the reference stands, here the escaped one",
    ),
    "a reference that another one begins with": (
        Case("A=$BC/$B\nB=1\nBC=2", {"A": "2/1", "B": "1", "BC": "2"}),
        {"A": "1C/1", "B": "1", "BC": "2"},
        "as above",
    ),
    "a backslash in a default": (
        Case("A=${B:-C:\\dir}", {"A": "1"}, {"B": "1"}),
        {"A": "1\\dir}"},
        "a default ends at its brace; in Next.js at a backslash, too",
    ),
    "a dollar in a value that is referred to": (Case("A=\\$B\nC=$A", {"A": "$B", "C": "$B"}), {"A": "$B", "C": ""}, LITERAL),
    "a dollar in a real variable": (Case("A=$P", {"A": "pa$word"}, {"P": "pa$word"}), {"A": "pa"}, LITERAL),
    "a value that the replacement of JavaScript reads": (
        Case("A=<$P>", {"A": "<x$$>"}, {"P": "x$$"}),
        {"A": "<x$>"},
        "what is put in is text; in JavaScript's replace, $$ and $& have a meaning there",
    ),
    "an empty real variable that a file has": (
        Case("A=<$P>\nP=1", {"A": "<>"}, {"P": ""}),
        {"A": "<1>"},
        "the real environment wins; in Next.js the order of the two lines decides",
    ),
    "an empty value in a stronger file, referred to": (
        Case({".env.local": "A=", ".env": "B=<$A>\nA=1"}, {"A": "", "B": "<>"}),
        {"A": "", "B": "<1>"},
        "as above",
    ),
    "a reference to itself with an empty default": (
        Case("A=${A:-}", {"A": ""}),
        None,
        "an empty default is a default; in Next.js it is none",
    ),
    "a name in front of the brace of a default": (
        Case("A=${B:-$C}/x\nC=2", {"A": "1/x", "C": "2"}, {"B": "1"}),
        {"A": "1", "C": "2"},
        "Next.js takes the brace for that of $C, and all that follows for the default",
    ),
    "a name that every object has": (Case("A=$constructor", {"A": ""}), {"A": "[object global]"}, "an accident of JavaScript"),
    "a key that every object has": (Case("__proto__=1\nA=2", {"__proto__": "1", "A": "2"}), {"A": "2"}, "an accident of JavaScript"),
    "line separators of Unicode": (
        Case("A='x'\u2028B=2", {"A": "'x'\u2028B=2"}),
        {"A": "x", "B": "2"},
        "they end lines in JavaScript's patterns, and in no editor",
    ),
}
