"""The features of the linear part: exact sums, masks that count for nothing, folders and files as features."""

from __future__ import annotations

import numpy as np
import pytest

from models.change.parse import parse
from models.encode.encoder import DiffEncoder, EncodeOptions
from models.encode.ngrams import feature_count, ngrams, present, shares
from models.encode.segments import lay_out, marks_of
from models.encode.spelling import spelling_of
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
SPELLING = spelling_of(TOKENIZER, SIZE)


def row(text: str = TEXT, message: str = "take the lock"):
    encoder = DiffEncoder(TOKENIZER, EncodeOptions(), ((token_id(TOKENIZER, CLS),), (token_id(TOKENIZER, SEP),)))
    ids = np.array(encoder.encode(parse(text, message)).ids)
    return ids, lay_out(ids, MARKS, 64).sides


def of(ids, sides):
    return ngrams(ids, sides, MARKS, SPELLING, BITS)


def test_what_tokens_add_sums_to_the_weights_of_the_distinct_features():
    features = of(*row())
    weights = np.random.default_rng(3).normal(size=feature_count(SIZE, BITS)).astype(np.float32)
    distinct = {int(one) for part, _ in features.families() for one in part if one >= 0}
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


def spelt(text: str, message: str = "") -> dict[str, set[int]]:
    """The names of ``text``, which is added as a line, by what their tokens spell together."""
    ids, sides = row(f"--- a/a\n+++ b/a\n@@ -1,1 +1,2 @@\n x\n+{text}\n", message)
    features = of(ids, sides)
    found: dict[str, set[int]] = {}
    for at in np.flatnonzero((features.word >= 0) & np.isin(sides, [1, 3])).tolist():
        name = TOKENIZER.decode(ids[features.begin[at] : at + 1].tolist()).strip()
        found.setdefault(name, set()).add(int(features.word[at]))
    return found


def test_a_name_is_one_feature_however_the_vocabulary_cuts_it():
    found = spelt("take lock2(take_lock, (take_lock2 take_lock) lock,lock)")
    assert set(found) == {"take", "lock2", "take_lock", "take_lock2", "lock"}
    assert all(len(ones) == 1 for ones in found.values())
    assert len(set.union(*found.values())) == 5


def test_names_of_the_message_are_in_lower_case_and_apart_from_those_of_the_lines():
    upper, lower = spelt("Lock lock", "Lock")["Lock"], spelt("zz", "lock")["lock"]
    assert len(upper) == 2  # of the message and of the line
    assert lower < upper
    assert spelt("Lock")["Lock"].isdisjoint(spelt("lock")["lock"])


def test_a_name_that_a_mask_cuts_is_two():
    ids, sides = row("--- a/a\n+++ b/a\n@@ -1,1 +1,2 @@\n x\n+take_lock\n")
    features = of(ids, sides)
    end = int(np.flatnonzero((features.word >= 0) & (sides == 3))[0])
    begin = int(features.begin[end])
    assert end - begin >= 2
    ids[begin + 1] = MARKS.mask
    masked = of(ids, sides)
    assert np.flatnonzero((masked.word >= 0) & (sides == 3)).tolist()[0] == begin
    assert features.word[end] not in masked.word


def test_the_weight_of_a_run_is_shared_by_its_tokens():
    ids, sides = row()
    features = of(ids, sides)
    at = int(np.flatnonzero(features.triple >= 0)[0])
    weights = np.zeros(feature_count(SIZE, BITS), dtype=np.float32)
    weights[features.triple[at]] = 3.0
    assert (features.triple == features.triple[at]).sum() == 1
    assert np.flatnonzero(shares(features, weights)).tolist() == [at - 2, at - 1, at]
    assert shares(features, weights)[at] == pytest.approx(1.0)
