"""How far a potential can be trusted with a liquid that it has not seen."""
