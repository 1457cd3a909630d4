"""Official releases as packages."""
