"""Words that common languages keep for themselves: no names of a change's own."""

from __future__ import annotations

KEYWORDS = frozenset(
    word
    for words in (
        ("and", "async", "await", "bool", "break", "case", "catch", "char", "class", "const", "continue", "def", "default"),
        ("delete", "do", "double", "elif", "else", "enum", "except", "export", "extends", "final", "finally", "float", "fn"),
        ("for", "from", "func", "function", "goto", "if", "impl", "import", "in", "int", "interface", "is", "lambda", "let"),
        ("long", "loop", "match", "mut", "namespace", "new", "nil", "none", "not", "null", "or", "package", "pass"),
        ("private", "protected", "pub", "public", "raise", "return", "self", "short", "signed", "sizeof", "static", "struct"),
        ("super", "switch", "this", "throw", "throws", "trait", "true", "false", "try", "type", "typedef", "union"),
        ("unsigned", "use", "using", "var", "virtual", "void", "volatile", "while", "with", "yield"),
    )
    for word in words
)
"""In lower case."""
