"""Where a model is weak: metrics with intervals over slices of its predictions, and the search for weak slices."""
