"""Other people's engines on the same networks, for scripts/bench_peers.py. Nothing of this is part of the site."""
