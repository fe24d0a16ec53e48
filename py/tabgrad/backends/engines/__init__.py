"""The engines there are, and which of them runs a program fastest on this machine."""
