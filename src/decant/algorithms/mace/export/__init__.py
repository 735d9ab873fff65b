"""From the weights of a torch MACE to the file that pair_style mace reads."""
