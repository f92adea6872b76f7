"""Hand-over between the tiers, with hand-written optimised code and with converted programs."""
