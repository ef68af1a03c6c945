"""An invented city with scams planted in it: for demonstrations, drills, load and scores."""
