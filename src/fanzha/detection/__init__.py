"""What records may mean: detectors turn features into findings, with reasons."""
