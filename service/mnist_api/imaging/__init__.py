"""From an image file's bytes to the 28x28 picture that the models know."""
