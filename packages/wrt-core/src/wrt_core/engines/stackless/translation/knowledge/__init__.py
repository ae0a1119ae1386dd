"""What is known of numbers while a function is read: their last bits, their ranges, and how loops step them."""
