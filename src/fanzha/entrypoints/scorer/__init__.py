"""The scorer: streams in, findings and warnings out, exactly once whatever crashes."""
