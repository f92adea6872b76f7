"""Many conversions: order, what is current, processes, and the background converter."""
