"""The networks that can answer: shipped with the site, in training, saved, imported."""
