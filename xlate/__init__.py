"""xlate: runs ARM Linux programs on x86-64. The public names stand in the modules below."""
