"""Link detection, first version: how a name is spelt, whom it resembles, where it stands."""
