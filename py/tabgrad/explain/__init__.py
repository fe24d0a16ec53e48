"""What a network does with an image, as numbers and pictures that add up, for panels that show it to a learner.

NumPy only, and every number is testable against the oracle; it runs no engine, and knows no page. Modules are
imported one by one, when their panel opens.
"""
