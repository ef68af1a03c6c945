"""What is done about a measure: proposed, decided, listed, ended, appealed."""
