"""Two models beside each other: why one, and why another."""
