"""What a file really is, and the file again without anything that runs or tells more than is seen.

Runs as a program of its own (`python -m bot.complaints.inspection`), with bounded memory and time and without secrets:
what parses strangers' files must not be able to reach anything.
"""
