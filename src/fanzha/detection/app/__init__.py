"""Apps on a phone whose owner consented: acts that scammers talk people into."""
