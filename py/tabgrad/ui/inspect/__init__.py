"""Panels that explain the network while it works. Each is built when first opened and costs nothing while hidden.

The numbers come from `tabgrad.explain`; here they only become pictures and words.
"""
