"""Reading the page that a link leads to, without a browser and without being led anywhere else."""
