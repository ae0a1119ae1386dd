"""What each instruction becomes: a file for each family. A template is named after its instruction, and found by it."""
