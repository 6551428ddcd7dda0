"""What several questions need: models in their forms, pictures, checkpoints, and how a call becomes a definition."""
