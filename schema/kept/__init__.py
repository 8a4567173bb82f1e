"""Answers that are kept, and given again for as long as nothing behind them has changed."""
