"""The features of the linear part: exact sums, masks that count for nothing, folders and files as features."""

from __future__ import annotations

import numpy as np
import pytest

from models.change.parse import parse
from models.encode.encoder import DiffEncoder, EncodeOptions
from models.encode.ngrams import feature_count, ngrams, present, shares
from models.encode.segments import lay_out, marks_of
from models.encode.vocabulary import CLS, SEP, token_id, train_tokenizer

BITS = 12
TEXT = """--- a/src/core/lock.c
+++ b/src/core/lock.c
@@ -1,3 +1,3 @@ int take(void)
 int x;
-free(lock);
+free(lock, lock);
 return x;
--- a/src/core/main.c
+++ b/src/core/main.c
@@ -1,1 +1,1 @@
-free(x);
+take(x);
"""
TOKENIZER = train_tokenizer([TEXT] * 4, 400)
MARKS = marks_of(TOKENIZER)
SIZE = TOKENIZER.get_vocab_size()


def row(text: str = TEXT, message: str = "take the lock"):
    encoder = DiffEncoder(TOKENIZER, EncodeOptions(), ((token_id(TOKENIZER, CLS),), (token_id(TOKENIZER, SEP),)))
    ids = np.array(encoder.encode(parse(text, message)).ids)
    return ids, lay_out(ids, MARKS, 64).sides


def of(ids, sides):
    return ngrams(ids, sides, MARKS, SIZE, BITS)


def test_what_tokens_add_sums_to_the_weights_of_the_distinct_features():
    features = of(*row())
    weights = np.random.default_rng(3).normal(size=feature_count(SIZE, BITS)).astype(np.float32)
    distinct = {int(one) for part in (features.single, features.pair, features.path) for one in part if one >= 0}
    assert set(present(features).tolist()) == distinct
    assert shares(features, weights).sum(dtype=np.float64) == pytest.approx(
        sum(float(weights[one]) for one in distinct), abs=1e-4
    )


def test_a_feature_that_occurs_twice_counts_once_and_is_shared():
    ids, sides = row()
    features = of(ids, sides)
    twice = next(one for one in features.single if one >= 0 and (features.single == one).sum() == 2)
    weights = np.zeros(feature_count(SIZE, BITS), dtype=np.float32)
    weights[twice] = 1.0
    assert shares(features, weights)[features.single == twice].tolist() == [0.5, 0.5]


def test_masked_content_has_no_features_and_no_neighbours():
    ids, sides = row()
    structure = np.isin(ids, MARKS.structure)
    blank = np.where(structure, ids, MARKS.mask)
    assert len(present(of(blank, sides))) == 0
    one = ids.copy()
    at = int(np.flatnonzero(~structure)[12])
    one[at] = MARKS.mask
    features = of(one, sides)
    assert features.single[at] == features.pair[at] == features.pair[at + 1] == -1


def test_context_and_structure_are_not_counted():
    ids, sides = row()
    features = of(ids, sides)
    assert (features.single[np.isin(ids, MARKS.structure)] == -1).all()
    assert (features.single[sides == 5] == -1).all()
    assert (features.single[sides == 3] >= 0).any()


def test_files_of_one_folder_share_its_beginning_but_not_their_own():
    ids, sides = row()
    features = of(ids, sides)
    starts = np.flatnonzero(ids == MARKS.file)
    first, second = (features.path[start + 1 : start + int(np.argmax(ids[start:] == MARKS.hunk))].tolist() for start in starts)
    assert min(first + second) >= 0
    assert first[0] == second[0]
    assert first[-1] not in second
    assert second[-1] not in first


def test_a_word_counts_apart_for_every_side():
    ids, sides = row()
    features = of(ids, sides)
    words = {
        side: {int(one) - side * SIZE for one in features.single[(sides == side) & (features.single >= 0)]} for side in (3, 4)
    }
    assert words[3] & words[4]
    assert not set(features.single[sides == 3].tolist()) & set(features.single[sides == 4].tolist()) - {-1}
