"""Changes made up to try a checkpoint on: the ordinary and the extreme."""

from __future__ import annotations

from models.change.parse import parse
from models.change.types import Diff

_HUGE = 200_000
_FILES = 40

_TEXTS: dict[str, tuple[str, str]] = {
    "ordinary": (
        "Return early",
        "diff --git a/src/pool.py b/src/pool.py\n--- a/src/pool.py\n+++ b/src/pool.py\n@@ -1,3 +1,4 @@ class Pool:\n"
        " def take(self):\n-    return self.items.pop()\n+    if self.items:\n+        return self.items.pop()\n \n",
    ),
    "one line": ("", "--- a/a\n+++ b/a\n@@ -1 +1 @@\n-\n+x\n"),
    "mode only": ("chmod", "diff --git a/run.sh b/run.sh\nold mode 100644\nnew mode 100755\n"),
    "rename only": (
        "Move",
        "diff --git a/old/name.c b/new/name.c\nsimilarity index 100%\nrename from old/name.c\nrename to new/name.c\n",
    ),
    "deletion": (
        "Drop it",
        "diff --git a/gone.js b/gone.js\ndeleted file mode 100644\n--- a/gone.js\n+++ /dev/null\n@@ -1,2 +0,0 @@\n"
        "-let a = 1;\n-let b = 2;\n",
    ),
    "unicode": (
        "Grüße \u202e \U0001f9ea",
        "--- a/\u00fc\u4e2d.py\n+++ b/\u00fc\u4e2d.py\n@@ -1,2 +1,2 @@\n-e\u0301 \u05d0\u05d1\u200b\n"
        "+\U0001f468\u200d\U0001f469\u200d\U0001f467 \u202etxet\ufeff\n \u4e2d\u6587\n",
    ),
    "bytes that are no text": ("", "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-\udcff\udc80\n+\x00\x1b[0m\n"),
    "no line feed at the end": ("", "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n"),
    "a huge line": ("Minified", f"--- a/m.js\n+++ b/m.js\n@@ -0,0 +1 @@\n+{'x = 1; ' * (_HUGE // 7)}\n"),
    "many files": (
        "word " * 400,
        "".join(f"--- a/d{n}/f.go\n+++ b/d{n}/f.go\n@@ -1 +1 @@\n-a := {n}\n+b := {n}\n" for n in range(_FILES)),
    ),
}


def examples() -> dict[str, Diff]:
    """The changes by what they are: none of them must make a checkpoint fail."""
    return {name: parse(text, message) for name, (message, text) in _TEXTS.items()}
