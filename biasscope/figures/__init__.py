"""Result to matplotlib figure; seaborn lives here only."""
