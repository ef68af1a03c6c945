"""Phone, IoT and industry cards, SMS ports and bound accounts, ranked for re-verification."""
