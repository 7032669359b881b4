"""Labelled changes out of git histories: what was later fixed, and by which commit."""
