"""From a text in normal form to its hashed grams and words, and linear scores over them."""
