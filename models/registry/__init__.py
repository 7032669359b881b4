"""A folder of checkpoints by content hash: validated before use, with parent, expiry and retirement."""

MODEL_VARIABLE = "WHYDIFF_MODEL"
"""The environment variable that names a model where no --model is given, and for the pages."""

PLACE_VARIABLE = "WHYDIFF_MODELS"
"""The environment variable that names the registry's folder."""
