"""How good a model's predictions are, from labelled predictions alone: ranking, gating, effort, calibration, risk bands."""
