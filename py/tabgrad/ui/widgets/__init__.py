"""Elements that several panels are made of, and how numbers are written."""
