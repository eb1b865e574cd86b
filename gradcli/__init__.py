"""gradcli derives gradients as a person does on paper, step by step, and checks them."""

__version__ = "0.1.0"
