"""Thirteen hostile streams, told to this host and to hosts on other libraries side by side."""
