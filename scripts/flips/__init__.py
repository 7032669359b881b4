"""whydiff's search beside others' ways to find the edits that turn a verdict: same diffs, units, model, cache and batches."""
