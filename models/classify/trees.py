"""Boosted trees as data: read with suspicion from JSON, written back in one form, taken apart by Shapley values."""

from __future__ import annotations

import json
import math
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

MOST_TREES, MOST_NODES, DEEPEST = 5_000, 4_096, 16
_LARGEST = 1e6


@dataclass(frozen=True, slots=True)
class Tree:
    """One tree, node 0 its root; a leaf has child -1. ``cut``: what goes left is less (the value, for a leaf), in float32.

    ``cover`` is the weight of the training rows that came through a node. All tuples are of one length.
    """

    left: tuple[int, ...]
    right: tuple[int, ...]
    feature: tuple[int, ...]
    cut: tuple[float, ...]
    cover: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Forest:
    """logit = ``base`` + the value of one leaf a tree; ``features`` is how many numbers a row has."""

    base: float
    trees: tuple[Tree, ...]
    features: int


def forest(data: dict[str, Any], names: Sequence[str]) -> Forest:
    """The trees of a model that xgboost saved as JSON, for rows with the features ``names``.

    Raises ValueError, saying what, for all that is no such model: other features, too many or too large trees, arrays of
    different lengths, children that are out of range, not after their parent or of two parents, covers that are not
    positive, numbers that are not finite.
    """
    try:
        learner = data["learner"]
        if learner["feature_names"] != list(names):
            raise ValueError(f"the features are not the {len(names)} of this version")
        if learner["objective"]["name"] != "binary:logistic" or learner["gradient_booster"]["name"] != "gbtree":
            raise ValueError("expected boosted trees with a logistic loss")
        share = float(str(learner["learner_model_param"]["base_score"]).strip("[]"))
        trees = learner["gradient_booster"]["model"]["trees"]
        if not 0 < share < 1:
            raise ValueError(f"the base score is {share}, expected a probability")
        if not isinstance(trees, list) or not 0 < len(trees) <= MOST_TREES:
            raise ValueError(f"expected a list of 1 to {MOST_TREES} trees")
        return Forest(math.log(share / (1 - share)), tuple(_tree(one, len(names)) for one in trees), len(names))
    except (KeyError, TypeError, AttributeError, IndexError, OverflowError) as error:
        raise ValueError(f"a part is missing or of another type: {error}") from error


def permuted_leaves(model: Forest, seed: int) -> Forest:
    """The same trees whose leaves, over all trees, have changed their values among themselves."""
    values = [cut for tree in model.trees for cut, left in zip(tree.cut, tree.left, strict=True) if left == -1]
    Random(seed).shuffle(values)
    drawn = iter(values)
    trees = tuple(
        replace(tree, cut=tuple(next(drawn) if left == -1 else cut for cut, left in zip(tree.cut, tree.left, strict=True)))
        for tree in model.trees
    )
    return replace(model, trees=trees)


def _tree(data: dict[str, Any], features: int) -> Tree:
    left, right, feature = (tuple(data[name]) for name in ("left_children", "right_children", "split_indices"))
    cut, cover = (tuple(map(float, data[name])) for name in ("split_conditions", "sum_hessian"))
    if len({len(left), len(right), len(feature), len(cut), len(cover)}) != 1 or not 0 < len(left) <= MOST_NODES:
        raise ValueError(f"the arrays of a tree are of different lengths, or not of 1 to {MOST_NODES} nodes")
    if any(data.get("split_type", ())):
        raise ValueError("a split is by category, expected numbers only")
    if any(type(one) is not int for one in (*left, *right, *feature)):
        raise ValueError("a child or feature is no whole number")
    if not all(abs(one) <= _LARGEST for one in cut) or not all(0 < one <= 1e15 for one in cover):
        raise ValueError("a number of a tree is not finite, or a cover is not positive")
    if any(not 0 <= one < features for one in feature):
        raise ValueError(f"a split is on a feature that does not exist, there are {features}")
    # JSON has the shortest decimals: as float64 they may be on the other side of a number that is equal in float32.
    tree = Tree(left, right, feature, tuple(array("f", cut)), cover)
    _check_shape(tree)
    return tree


def _check_shape(tree: Tree) -> None:
    """Raise ValueError unless every node but the root is the child of one node before it, at most ``DEEPEST`` deep."""
    depth = {0: 0}
    for node, children in enumerate(zip(tree.left, tree.right, strict=True)):
        if children == (-1, -1):
            continue
        for child in children:
            if not node < child < len(tree.left) or child in depth or node not in depth:
                raise ValueError(f"node {node} has the child {child}, which is out of range, before it or another's")
            depth[child] = depth[node] + 1
    if len(depth) < len(tree.left) or max(depth.values()) > DEEPEST:
        raise ValueError(f"a tree is deeper than {DEEPEST} or has nodes that are no one's child")


def document(model: Forest) -> bytes:
    """The JSON that xgboost loads: nothing in it but what ``forest`` has checked."""
    share = 1 / (1 + math.exp(-model.base))
    count = str(len(model.trees))
    inner = {
        "gbtree_model_param": {"num_parallel_tree": "1", "num_trees": count},
        "iteration_indptr": list(range(len(model.trees) + 1)),
        "tree_info": [0] * len(model.trees),
        "trees": [_node_arrays(tree, n, model.features) for n, tree in enumerate(model.trees)],
        "cats": {"enc": [], "feature_segments": [], "sorted_idx": []},
    }
    learner = {
        "attributes": {},
        "feature_names": [],
        "feature_types": [],
        "gradient_booster": {"model": inner, "name": "gbtree"},
        "learner_model_param": {
            "base_score": f"[{share!r}]",
            "boost_from_average": "1",
            "num_class": "0",
            "num_feature": str(model.features),
            "num_target": "1",
        },
        "objective": {"name": "binary:logistic", "reg_loss_param": {"scale_pos_weight": "1"}},
    }
    return json.dumps({"learner": learner, "version": [3, 2, 0]}).encode()


def _node_arrays(tree: Tree, number: int, features: int) -> dict[str, Any]:
    nodes = len(tree.left)
    parents = [2**31 - 1] * nodes
    for node, children in enumerate(zip(tree.left, tree.right, strict=True)):
        for child in children:
            if child >= 0:
                parents[child] = node
    return {
        "base_weights": [0.0] * nodes,
        "categories": [],
        "categories_nodes": [],
        "categories_segments": [],
        "categories_sizes": [],
        "default_left": [0] * nodes,
        "id": number,
        "left_children": tree.left,
        "loss_changes": [0.0] * nodes,
        "parents": parents,
        "right_children": tree.right,
        "split_conditions": tree.cut,
        "split_indices": tree.feature,
        "split_type": [0] * nodes,
        "sum_hessian": tree.cover,
        "tree_param": {"num_deleted": "0", "num_feature": str(features), "num_nodes": str(nodes), "size_leaf_vector": "1"},
    }


def shapley(model: Forest, row: Sequence[float]) -> tuple[float, tuple[float, ...]]:
    """(output without any feature, Shapley value of each feature) of ``row``, whose numbers are float32; in logits.

    The game is the one of TreeSHAP with path-dependent covers (Lundberg et al. 2020): a split on a feature that is out
    of the coalition is passed on both ways by the covers. Each leaf is a game of its own, a product over the features on
    its path, and a product's Shapley values follow from elementary symmetric polynomials; leaves and trees add up.
    """
    base, values = [model.base], [[] for _ in range(model.features)]  # type: tuple[list[float], list[list[float]]]
    for tree in model.trees:
        for leaf, factors in _leaves(tree, row):
            base.append(leaf * math.prod(outside for _, outside in factors.values()))
            for feature in factors:
                values[feature].append(leaf * _share(factors, feature))
    return math.fsum(base), tuple(map(math.fsum, values))


def _leaves(tree: Tree, row: Sequence[float]) -> Iterator[tuple[float, dict[int, tuple[float, float]]]]:
    """(value, feature to (1 if ``row`` passes all its splits else 0, share of the covers that does)) of each leaf."""
    waiting: list[tuple[int, dict[int, tuple[float, float]]]] = [(0, {})]
    while waiting:
        node, factors = waiting.pop()
        left, right = tree.left[node], tree.right[node]
        if left < 0:
            yield tree.cut[node], factors
            continue
        feature = tree.feature[node]
        inside, outside = factors.get(feature, (1.0, 1.0))
        whole = tree.cover[left] + tree.cover[right]
        goes_left = row[feature] < tree.cut[node]
        for child, taken in ((left, goes_left), (right, not goes_left)):
            waiting.append((child, factors | {feature: (inside * taken, outside * tree.cover[child] / whole)}))


def _share(factors: dict[int, tuple[float, float]], feature: int) -> float:
    """The Shapley value of ``feature`` in the product game of one leaf of value 1."""
    inside, outside = factors[feature]
    by_size = [1.0]
    for other, (with_it, without) in factors.items():
        if other != feature:
            grown = [one * without for one in by_size] + [0.0]
            for size, one in enumerate(by_size):
                grown[size + 1] += one * with_it
            by_size = grown
    players = len(factors)
    weights = (1 / (players * math.comb(players - 1, size)) for size in range(players))
    return (inside - outside) * sum(weight * one for weight, one in zip(weights, by_size, strict=True))
