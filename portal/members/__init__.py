"""Who the members are: their municipality, position and history, and the areas that challenge them."""
