"""A tiny real checkpoint, made anew: our shape with random weights, and the texts it was made from."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from safetensors.torch import save_file

from models.classify.checkpoint import Settings, write_settings
from models.encode.encoder import EncodeOptions
from models.encode.vocabulary import train_tokenizer
from models.train.options import TransformerOptions
from models.train.start import build

TINY = TransformerOptions(max_length=96, train_length=48, vocabulary=420, width=32, layers=2, heads=2, inner=32, seed=3)

SMALL = """diff --git a/src/pool.py b/src/pool.py
--- a/src/pool.py
+++ b/src/pool.py
@@ -10,5 +10,6 @@ class Pool:
     def take(self):
-        with self.lock:
-            return self.items.pop()
+        if self.items:
+            return self.items.pop()
+        return None
     def size(self):
         return len(self.items)
"""


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch

    folder = tmp_path_factory.mktemp("tiny")
    tokenizer = train_tokenizer([SMALL] * 3, TINY.vocabulary)
    model = build(tokenizer, replace(TINY))
    torch.nn.init.normal_(model.classifier.weight, std=1.0)
    tokenizer.save(str(folder / "tokenizer.json"))
    model.config.save_pretrained(folder)
    save_file({k: v.contiguous() for k, v in model.state_dict().items()}, folder / "model.safetensors", metadata={"format": "pt"})
    write_settings(folder, Settings("tiny", EncodeOptions(max_length=TINY.max_length)))
    (folder / "train.json").write_text(json.dumps(asdict(TINY)))
    return folder
