"""What this machine can do: small checks, one function each, of everything that decant leans on."""
