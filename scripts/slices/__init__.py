"""What the intervals and the search for weak slices are worth, measured."""
