"""The words everyone shares, and the small things everyone needs."""
