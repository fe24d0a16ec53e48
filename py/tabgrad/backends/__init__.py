"""Engines that run any `Program`, behind the one interface of `base`. They know no network and no page."""
