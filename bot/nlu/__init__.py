"""Rasa components. Their dotted paths are part of every trained model: this folder stays flat."""
