"""Known changes that a model reads alike, and what became of them."""
