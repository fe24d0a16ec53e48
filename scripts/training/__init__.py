"""Parts of `scripts.train`: recipes, data, engine, the loop, calibration, cards. Nothing here is shipped."""
