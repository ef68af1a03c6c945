"""Dens: cards and devices that live and move together, located to cells and ranked for a raid."""
