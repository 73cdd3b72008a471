"""A steady trickle of notifications, as the company's other systems would ask for."""
