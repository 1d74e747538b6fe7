"""From what citizens said to sentences the model learns from: inbox, labels, data files."""
