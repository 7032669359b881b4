"""Labelled changes: datasets in Parquet and their splits."""
