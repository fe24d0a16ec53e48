"""The rooms of scripts/build.py: where the site's parts come from, what is cut from them, how they go together."""
