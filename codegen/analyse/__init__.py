"""What a flow does: its graph, the flow of its artifacts, and their types."""
