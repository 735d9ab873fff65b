"""What a run costs: measured, and foretold from measurements."""
