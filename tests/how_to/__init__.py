"""docs/HOW-TO.md, followed to the letter: its examples are added to a copy of the package, and then used."""
