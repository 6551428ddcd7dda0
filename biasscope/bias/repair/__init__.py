"""Would the training augmentation repair the bias? Boxes before and after it, in the network's input frame."""
