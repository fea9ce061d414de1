"""Spans, numbers and log records of runs, as a collector gets them."""
