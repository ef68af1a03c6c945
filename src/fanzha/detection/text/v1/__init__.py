"""Text detection, first version: tell-tale steps and hashed grams over a normal form."""
