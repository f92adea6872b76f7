"""What people read about a program: listings and tables, as data first and text last."""
