"""A model as a module that people ship: loops kept, named as the model is."""
