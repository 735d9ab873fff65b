"""Recipes that make configurations: one file a recipe."""
