"""Reference methods that label configurations: one file a method."""
