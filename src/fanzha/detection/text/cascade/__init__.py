"""Text in stages: grams and steps for every text, a sentence encoder where those are unsure."""
