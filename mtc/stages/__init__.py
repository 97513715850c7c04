"""How one step is run: import, stat, csv. A stage reads and writes data files; it never opens the state."""
