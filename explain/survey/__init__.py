"""Counterfactuals over a set of changes: what a model leans on."""
