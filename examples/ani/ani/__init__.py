"""ANI in decant."""
