"""What translator and runtime agree on: state layout, package layout, kinds of Linux rows."""
