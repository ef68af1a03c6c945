"""What fanzha does, one verb a file: decide and record in one commit; acting comes afterwards."""
