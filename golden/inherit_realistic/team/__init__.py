"""What the flows of the data team share."""
