"""Vietnamese text as pure functions: normalise, fold tones, expand abbreviations, find personal numbers."""
