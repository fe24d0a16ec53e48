"""The parts of the site, for scripts/build.py: where they come from, what is removed from them, how they are packed."""
