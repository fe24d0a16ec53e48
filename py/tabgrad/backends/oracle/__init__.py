"""The networks in plain NumPy, to check the engines against."""
