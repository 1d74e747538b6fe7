"""Feedback of citizens to the centre: received in one transaction, followed by its receipt code, answered for."""
