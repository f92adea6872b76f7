"""Files and machines that give xlate-run less than it needs: refusals and tight limits."""
