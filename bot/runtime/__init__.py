"""What else runs inside Rasa's server besides its components."""
