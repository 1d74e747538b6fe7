"""Một Cửa: answers about administrative procedures, and feedback carried to the service centre."""
