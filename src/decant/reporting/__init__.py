"""The page of a study: its folder read into records, its sections, and `decant.reporting.report` that joins them."""
