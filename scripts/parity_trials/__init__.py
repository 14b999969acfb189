"""Differential trials: draw a model, an adapter and data, run two programs on them, compare what they compute."""
