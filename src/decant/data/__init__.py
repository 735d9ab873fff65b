"""Configurations and their labels as data: frames, formats, import, split and inspection."""
