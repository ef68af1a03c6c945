"""Apps judged by what their files say, without running them: a score, reasons, likeness."""
