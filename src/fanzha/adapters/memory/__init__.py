"""State in memory: for `fanzha run` over files, and for tests. Passes the same contract suite."""
