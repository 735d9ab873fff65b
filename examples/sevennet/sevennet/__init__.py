"""SevenNet in decant."""
