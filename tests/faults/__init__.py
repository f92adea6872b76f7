"""What may go wrong with a store, done to it on purpose: no wrong result, no crash, no loss."""
