"""What is done to pictures: shift, embed, scale, rotate, resize implementations."""
