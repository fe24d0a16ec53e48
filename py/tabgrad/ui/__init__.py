"""The page, in Python on the main thread: one module a panel. Knows no GPU API and no training detail."""
