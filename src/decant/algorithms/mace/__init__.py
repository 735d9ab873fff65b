"""MACE: fits by mace-torch, exports to pair_style mace."""
