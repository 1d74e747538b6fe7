"""Rasa's custom actions: slots in, one service call, one response out. Only this folder imports rasa_sdk."""
