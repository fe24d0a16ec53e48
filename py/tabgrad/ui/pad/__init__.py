"""The drawing pad: pointers and keys become ink."""
