"""What carries a model over a set of changes: the attributions of many changes, added up by what they stand on."""
