"""How one step is done: import, stat, csv. A stage reads and writes data files; it never touches the state."""
