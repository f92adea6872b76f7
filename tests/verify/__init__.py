"""The comparison of engines: cases, lines, records, random draws."""
