"""The models that can answer a drawing: those shipped with the site, and those made on this page.

`live` and `shipped` are public modules; importing this face loads neither.
"""

from .model import Card, MakeModel, Model, load_model, write_weights

__all__ = ["Card", "MakeModel", "Model", "live", "load_model", "picker", "registry", "shipped", "write_weights"]
