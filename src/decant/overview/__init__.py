"""What a folder holds of decant's work, and what comes next."""
