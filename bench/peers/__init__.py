"""What a user would pick instead, written as well as we can."""
