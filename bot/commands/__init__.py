"""The commands of `motcua`, one module per theme; `bot/cli.py` gathers them."""
