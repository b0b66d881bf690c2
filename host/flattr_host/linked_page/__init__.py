"""Reading what is at a stranger's address, without a browser and without being led elsewhere."""
