"""The page, in Python on the main thread: pad, answer and panels, which `app` connects. Knows no GPU API."""
