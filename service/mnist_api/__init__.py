"""mnist-api: answers the picture of a handwritten digit with the digit."""
