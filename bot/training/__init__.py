"""From reviewed sentences to a model that may go live."""
