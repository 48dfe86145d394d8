"""What mail says, and who sends it."""
